/** Metrics as a function of a whole set's predictions: what the streaming ones cannot be. */
import { type Context, Effect, Predicate, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { EvalPrediction } from "./EvalPrediction.ts"

/** Metrics by name. */
export type Metrics = Readonly<Record<string, number>>

/**
 * Computes metrics, at once or as an effect. With `batchEvalMetrics` it is given batch by batch, and `computeResult` is true with the last one, whose
 * outcome counts; otherwise it is given the set, and `computeResult` is true.
 */
export type ComputeMetrics<R = never> = (
  prediction: EvalPrediction,
  info: { readonly computeResult: boolean }
) => Metrics | Effect.Effect<Metrics, unknown, R>

/** The user's function failed. */
export class MetricsFailed extends Schema.TaggedError<MetricsFailed>()("MetricsFailed", {
  set: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `computeMetrics failed on the set "${this.set}": ${this.reason}`
  }
}

/** A metric is not a number. */
export class InvalidMetric extends Schema.TaggedError<InvalidMetric>()("InvalidMetric", {
  set: Schema.String,
  metric: Schema.String,
  value: Schema.String
}) {
  override get message() {
    return `computeMetrics gave ${this.value} for "${this.metric}" on the set "${this.set}", and a metric is a number. Leave it out where it cannot be computed.`
  }
}

/** Gives the effects of a function what they need. */
export const provide =
  <R>(compute: ComputeMetrics<R>, context: Context.Context<R>): ComputeMetrics =>
  (prediction, info) => {
    const given = compute(prediction, info)
    return Effect.isEffect(given) ? Effect.provideContext(given, context) : given
  }

/** Calls the user's function. **Errors**: `MetricsFailed` with what it threw or failed with. */
export const call = (
  compute: ComputeMetrics,
  prediction: EvalPrediction,
  { computeResult, set }: { readonly computeResult: boolean; readonly set: string }
): Effect.Effect<Metrics, MetricsFailed> =>
  Effect.try({ try: () => compute(prediction, { computeResult }), catch: (cause) => cause }).pipe(
    Effect.flatMap((given): Effect.Effect<Metrics, unknown> => (Effect.isEffect(given) ? given : Effect.succeed(given))),
    Effect.filterOrFail(Predicate.isReadonlyObject, (given) => `it gave ${given}, and metrics are numbers by name.`),
    Effect.mapError((cause) => new MetricsFailed({ set, reason: messageOf(cause) }))
  )

/**
 * Gives metrics the set's prefix, where they have not got it.
 *
 * **Errors**: `InvalidMetric` for what is no number, and for NaN unless only a part of the set was seen.
 */
export const named = Effect.fnUntraced(function* (
  metrics: Metrics,
  { partial, set }: { readonly partial: boolean; readonly set: string }
): Effect.fn.Return<Metrics, InvalidMetric> {
  const result: Record<string, number> = {}
  for (const [metric, value] of Object.entries(metrics)) {
    if (typeof value !== "number" || (Number.isNaN(value) && !partial))
      return yield* new InvalidMetric({ set, metric, value: String(value) })
    result[metric.startsWith(`${set}_`) ? metric : `${set}_${metric}`] = value
  }
  return result
})
