/** What a run exports: spans of evaluations, saves and (with a tracer) updates, and metrics, with the run and the attempt. */
import { expect, it } from "@effect/vitest"
import { Effect, Metric, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as RunTelemetry from "../../../src/Driver/RunTelemetry.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({
  horizon: Horizon.make({ epochs: 1, batchesPerEpoch: 6 }),
  learningRate: () => 0.05,
  log: Trigger.every(2),
  evaluate: Trigger.every(3),
  save: Trigger.every(6),
  sets: ["eval"]
})

it.live("spans of updates, evaluations and saves carry the run, its attempt and the step", () =>
  Effect.gen(function* () {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    yield* Trainer.train(yield* Tiny.task(), plan).pipe(Effect.withTracer(tracer), Effect.provide(Tiny.layers()))
    const named = (name: string) =>
      spans.filter((span) => span.name === name).map(({ attributes }) => Object.fromEntries(attributes))
    const of = { run: "tiny", attempt: 1 }
    expect(named("regimen.evaluate")).toEqual([3, 6].map((step) => ({ ...of, step, set: "eval" })))
    expect(named("regimen.save")).toEqual([{ ...of, step: 6 }])
    expect(named("regimen.step")).toEqual([1, 2, 3, 4, 5, 6].map((step) => ({ ...of, step })))
  })
)

it.live("metrics hold the last logged loss, the speed and the time of saves", () =>
  Effect.gen(function* () {
    const { history } = yield* Trainer.train(yield* Tiny.task(), plan)
    const metrics = yield* Metric.snapshot
    const of = (id: string) => metrics.find((metric) => metric.id === id && metric.attributes?.run === "tiny")
    expect(of("regimen_loss")?.state).toMatchObject({ value: history.findLast(({ kind }) => kind === "train")!.values.loss })
    expect(of("regimen_save_time")?.state).toMatchObject({ count: 1 })
  }).pipe(Effect.provide(Tiny.layers()), Effect.provideService(Metric.MetricRegistry, new Map()))
)

it.effect("measures the speed between two logs, if time went by, and opens no span for a step without a tracer", () =>
  Effect.gen(function* () {
    const telemetry = yield* RunTelemetry.make({ run: "fast", attempt: 2 }, yield* CheckpointStore)
    const speed = Effect.map(Metric.snapshot, (metrics) => metrics.find(({ id }) => id === "regimen_samples_per_second"))
    const speeds: Array<unknown> = []
    for (const [seconds, samples] of [
      [2, 6],
      [4, 14],
      [0, 20],
      [1, 21]
    ] as const) {
      yield* TestClock.adjust(seconds * 1000)
      yield* telemetry.log(0.5, samples)
      speeds.push((yield* speed)?.state)
    }
    expect(speeds).toEqual([3, 2, 2, 1].map((value) => expect.objectContaining({ value })))
    const descriptions = Object.fromEntries((yield* Metric.snapshot).map(({ id, description }) => [id, description]))
    expect(descriptions).toMatchObject({
      regimen_loss: "Mean training loss of the updates between two logs, in nats",
      regimen_samples_per_second: "Training samples per second between two logs"
    })
    expect((yield* speed)?.attributes).toEqual({ run: "fast", attempt: "2" })
    const step = Effect.succeed(1)
    expect(telemetry.stepSpan(1)(step)).toBe(step)
  }).pipe(Effect.provide(Tiny.store().layer), Effect.provideService(Metric.MetricRegistry, new Map()))
)
