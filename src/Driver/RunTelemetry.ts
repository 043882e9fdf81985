/** What a run exports beside its log: Effect metrics and spans, so that OTLP or Prometheus show it. Both carry the run and its attempt. */
import { Clock, Effect, Metric, Tracer } from "effect"
import type { CheckpointStore, RunAttempt } from "../Checkpoint/CheckpointStore.ts"

/** Of one attempt of a run. */
export interface RunMetrics {
  /** Updates the gauges at a log: the mean loss since the last log, and the samples per second since then. **Unit**: nats; samples of this attempt so far. */
  readonly log: (loss: number, samples: number) => Effect.Effect<void>
  /** Runs an effect in a span. */
  readonly span: (
    name: string,
    attributes: Readonly<Record<string, unknown>>
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Runs an update in a span if a tracer is installed: a span costs more than a trivial step. */
  readonly stepSpan: (step: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The store with spans around its saves, whose time is measured. */
  readonly store: CheckpointStore["Service"]
}

/** Makes them; the metrics `regimen_loss`, `regimen_samples_per_second` and `regimen_save_time` have the attributes `run` and `attempt`. */
export const make = Effect.fnUntraced(function* ({ attempt, run }: RunAttempt, store: CheckpointStore["Service"]) {
  const attributes = { run, attempt: String(attempt) }
  const loss = Metric.gauge("regimen_loss", {
    attributes,
    description: "Mean training loss of the updates between two logs, in nats"
  })
  const speed = Metric.gauge("regimen_samples_per_second", {
    attributes,
    description: "Training samples per second between two logs"
  })
  const saveTime = Metric.timer("regimen_save_time", { attributes, description: "Time that writing a checkpoint takes" })
  const tracing = (yield* Effect.tracer) !== Tracer.Tracer.defaultValue()
  let last = { time: yield* Clock.currentTimeMillis, samples: 0 }

  const span: RunMetrics["span"] = (name, more) => Effect.withSpan(name, { attributes: { run, attempt, ...more } })
  return {
    log: Effect.fnUntraced(function* (value, samples) {
      const time = yield* Clock.currentTimeMillis
      yield* Metric.update(loss, value)
      if (time > last.time) yield* Metric.update(speed, (1000 * (samples - last.samples)) / (time - last.time))
      last = { time, samples }
    }),
    span,
    stepSpan: (step) => (tracing ? span("regimen.step", { step }) : (effect) => effect),
    store: {
      ...store,
      save: (checkpoint) =>
        Effect.timed(store.save(checkpoint)).pipe(
          Effect.flatMap(([duration]) => Metric.update(saveTime, duration)),
          span("regimen.save", { step: checkpoint.state.step })
        )
    }
  } satisfies RunMetrics
})
