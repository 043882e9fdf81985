/** Metrics as a function of all predictions of a set, as `compute_metrics` of the Hugging Face Trainer. */
import { type Context, Effect, Predicate, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { EvalPrediction } from "./EvalPrediction.ts"

/** Metrics by name. */
export type Metrics = Readonly<Record<string, number>>

/**
 * Computes metrics, at once or as an effect. With `batchEvalMetrics` it is called for each batch, and `computeResult` is true for the last one, whose
 * result is logged; otherwise it is called for the set, and `computeResult` is true.
 */
export type ComputeMetrics<R = never> = (
  prediction: EvalPrediction,
  info: { readonly computeResult: boolean }
) => Metrics | Effect.Effect<Metrics, unknown, R>

/** `computeMetrics` threw or failed. */
export class MetricsFailed extends Schema.TaggedError<MetricsFailed>()("MetricsFailed", {
  set: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `computeMetrics failed on the set "${this.set}": ${this.reason}`
  }
}

/** A metric of `computeMetrics` is not a number; NaN is one, and is logged. */
export class InvalidMetric extends Schema.TaggedError<InvalidMetric>()("InvalidMetric", {
  set: Schema.String,
  metric: Schema.String,
  value: Schema.String
}) {
  override get message() {
    return `Expected computeMetrics to return numbers; "${this.metric}" is ${this.value} on the set "${this.set}". Omit a metric that cannot be computed.`
  }
}

/** Provides the services that the effects of a `computeMetrics` require. */
export const provide =
  <R>(compute: ComputeMetrics<R>, context: Context.Context<R>): ComputeMetrics =>
  (prediction, info) => {
    const given = compute(prediction, info)
    return Effect.isEffect(given) ? Effect.provideContext(given, context) : given
  }

/** Calls `computeMetrics`. **Errors**: `MetricsFailed` with what it threw or failed with. */
export const call = (
  compute: ComputeMetrics,
  prediction: EvalPrediction,
  { computeResult, set }: { readonly computeResult: boolean; readonly set: string }
): Effect.Effect<Metrics, MetricsFailed> =>
  Effect.try({ try: () => compute(prediction, { computeResult }), catch: (cause) => cause }).pipe(
    Effect.flatMap((given): Effect.Effect<Metrics, unknown> => (Effect.isEffect(given) ? given : Effect.succeed(given))),
    Effect.filterOrFail(Predicate.isReadonlyObject, (given) => `it returned ${given}; expected numbers by name.`),
    Effect.mapError((cause) => new MetricsFailed({ set, reason: messageOf(cause) }))
  )

/** Prefixes metrics with the set's name, unless they have the prefix. **Errors**: `InvalidMetric` for a value that is not a number. */
export const named = Effect.fnUntraced(function* (metrics: Metrics, set: string): Effect.fn.Return<Metrics, InvalidMetric> {
  const result: Record<string, number> = {}
  for (const [metric, value] of Object.entries(metrics)) {
    if (typeof value !== "number") return yield* new InvalidMetric({ set, metric, value: String(value) })
    result[metric.startsWith(`${set}_`) ? metric : `${set}_${metric}`] = value
  }
  return result
})
