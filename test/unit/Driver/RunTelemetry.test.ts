/** What a run exports: spans of evaluations, saves and (with a tracer) updates, and metrics, with the run and the attempt. */
import { expect, it } from "@effect/vitest"
import { Effect, Metric, Tracer } from "effect"
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
