import { Context, Effect, Layer } from "effect"
import { describe, expect } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as CollectOptions from "../../../src/Evaluation/CollectOptions.ts"
import type { ComputeMetrics } from "../../../src/Evaluation/ComputeMetrics.ts"
import * as EvalPrediction from "../../../src/Evaluation/EvalPrediction.ts"
import * as Program from "../../../src/Program/Program.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Evaluated from "../../support/evaluated.ts"
import * as Scoring from "../../support/scoring.ts"
import * as Tiny from "../../support/tiny.ts"

const { seen } = Evaluated

Evaluated.it("prefixes metrics with the set unless they have the prefix, and replaces streaming ones of their name", () =>
  Effect.gen(function* () {
    const { result } = yield* seen({ computeMetrics: () => ({ a: 1, eval_b: 2, evaluated: 3, loss: 4 }) })
    expect(result.metrics).toEqual({ eval_loss: 4, eval_a: 1, eval_b: 2, eval_evaluated: 3 })
  })
)

Evaluated.it("metrics may come from an effect", () =>
  Effect.gen(function* () {
    const { result } = yield* seen({ computeMetrics: () => Effect.succeed({ a: 1 }) })
    expect(result.metrics.eval_a).toBe(1)
  })
)

Evaluated.it("a metric that is not a number is an error with its name; NaN and Infinity are numbers", () =>
  Effect.gen(function* () {
    for (const value of ["0.5", null, undefined, [1]]) {
      const error = yield* Effect.flip(seen({ computeMetrics: () => ({ fine: 1, wrong: value as unknown as number }) }))
      expect(error).toMatchObject({ _tag: "InvalidMetric", set: "eval", metric: "wrong" })
      expect(error.message).toContain('"wrong"')
    }
    expect((yield* seen({ computeMetrics: () => ({ unknown: Number.NaN }) })).result.metrics.eval_unknown).toBeNaN()
    expect((yield* seen({ computeMetrics: () => ({ much: Infinity }) })).result.metrics.eval_much).toBe(Infinity)
  })
)

Evaluated.it("an exception or a failed effect is MetricsFailed with its reason", () =>
  Effect.gen(function* () {
    const fails = () => {
      throw new Error("no positive row")
    }
    for (const computeMetrics of [fails, () => Effect.fail(new Error("no positive row"))]) {
      const error = yield* Effect.flip(seen({ computeMetrics }))
      expect(error._tag).toBe("MetricsFailed")
      expect(error.message).toBe('computeMetrics failed on the set "eval": no positive row')
    }
  })
)

Evaluated.it("has no loss if the model has none, and NaN if the model's is NaN", () =>
  Effect.gen(function* () {
    const lossless: typeof Scoring.model = {
      ...Scoring.single,
      apply: (parameters, batch, context) => ({ outputs: Scoring.single.apply(parameters, batch, context).outputs })
    }
    expect(Object.keys((yield* seen({}, { model: lossless })).result.metrics)).toEqual(["eval_n"])
    const broken: typeof Scoring.model = {
      ...Scoring.single,
      apply: (parameters, batch, context) => ({
        ...Scoring.single.apply(parameters, batch, context),
        loss: { sum: tf.scalar(Number.NaN), count: tf.scalar(1) }
      })
    }
    expect((yield* seen({}, { model: broken })).result.metrics.eval_loss).toBeNaN()
  })
)

describe("in a run", () => {
  class Scale extends Context.Service<Scale, number>()("test/Scale") {}

  const run = (computeMetrics: ComputeMetrics<Scale>, args: Arguments.Input = {}) =>
    Program.run(
      Program.make({
        args: {
          maxSteps: 4,
          perDeviceTrainBatchSize: 2,
          perDeviceEvalBatchSize: 2,
          evalStrategy: "steps",
          evalSteps: 2,
          ...args
        },
        model: Tiny.model,
        dataCollator: Tiny.collate,
        trainDataset: Dataset.fromArray(Tiny.rows(7)),
        evalDataset: Dataset.fromArray(Tiny.rows(5)),
        computeMetrics
      })
    ).pipe(Effect.provide(Layer.mergeAll(Tiny.store().layer, Tiny.logger(), Layer.succeed(Scale, 3)), { local: true }))
  const rowsOf = (prediction: EvalPrediction.EvalPrediction) => EvalPrediction.take(prediction.labelIds).data.length
  const best = { loadBestModelAtEnd: true, saveSteps: 2, greaterIsBetter: true } as const

  Evaluated.it("a computed metric decides what is best, and an unknown one is refused before step 0", () =>
    Effect.gen(function* () {
      let evaluations = 0
      // the dry run is the first
      const falling: ComputeMetrics = () => ({ falling: -evaluations++ })
      const { state } = yield* run(falling, { ...best, metricForBestModel: "falling" })
      expect([state.bestCheckpoint, evaluations]).toEqual([2, 3])
      const error = yield* Effect.flip(run(falling, { ...best, metricForBestModel: "rising" }))
      expect(error).toMatchObject({ _tag: "InvalidTask" })
      expect(error.message).toContain("eval_falling")
    })
  )

  Evaluated.it("logs a metric that is NaN, as the Trainer does", () =>
    Effect.gen(function* () {
      const { history } = yield* run(() => ({ never: Number.NaN }))
      const logged = history.filter(({ kind }) => kind === "eval").map(({ values }) => values.eval_never)
      expect(logged).toEqual([Number.NaN, Number.NaN])
    })
  )

  Evaluated.it("an effect gets the services of the context that the options were made in", () =>
    Effect.gen(function* () {
      const args = yield* Effect.fromResult(Arguments.make({}))
      const computeMetrics = () => Effect.map(Scale, (scale) => ({ scale }))
      const collect = yield* Effect.provideService(CollectOptions.make(args, { computeMetrics }), Scale, 3)
      expect((yield* seen(collect)).result.metrics.eval_scale).toBe(3)
    })
  )

  Evaluated.it("an effect gets the services of the program", () =>
    Effect.gen(function* () {
      const scaled = (prediction: EvalPrediction.EvalPrediction) =>
        Effect.map(Scale, (scale) => ({ rows: scale * rowsOf(prediction) }))
      const { history } = yield* run(scaled)
      expect(history.filter(({ kind }) => kind === "eval").map(({ values }) => values.eval_rows)).toEqual([15, 15])
    })
  )
})
