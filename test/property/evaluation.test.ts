/** Laws of evaluation and prediction: the results depend neither on the batch size nor on when they leave the device, and no tensor is left. */
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Stream } from "effect"
import fc from "fast-check"
import * as Dataset from "../../src/Data/Dataset.ts"
import { DataError } from "../../src/Data/Dataset.ts"
import * as NestedConcat from "../../src/Data/NestedConcat.ts"
import type { CollectOptions } from "../../src/Evaluation/CollectOptions.ts"
import type { ComputeMetrics } from "../../src/Evaluation/ComputeMetrics.ts"
import * as EvalPrediction from "../../src/Evaluation/EvalPrediction.ts"
import * as Evaluation from "../../src/Evaluation/Evaluation.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../src/Layer/Logger/Logger.ts"
import * as Program from "../../src/Program/Program.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import * as Scoring from "../support/scoring.ts"
import * as Tiny from "../support/tiny.ts"

const setting = fc.record({
  count: fc.integer({ min: 1, max: 9 }),
  size: fc.integer({ min: 1, max: 4 }),
  evalAccumulationSteps: fc.option(fc.integer({ min: 1, max: 4 })),
  evalDoConcatBatches: fc.boolean(),
  jitModeEval: fc.boolean()
})
const settings = fc.sample(setting, { numRuns: 120, seed: 5 })

/** The error of the scores, from all predictions at once. */
const once: ComputeMetrics = ({ labelIds, predictions }) => {
  const scores = EvalPrediction.batches(predictions).map((batch) => EvalPrediction.take(batch, "score"))
  const labels = EvalPrediction.batches(labelIds).map((batch) => EvalPrediction.take(batch))
  return { error: Scoring.squaredError(NestedConcat.concatenate(scores), NestedConcat.concatenate(labels)) }
}

/** The same, batch by batch. */
const little = (): ComputeMetrics => {
  let sum = 0
  let count = 0
  return ({ labelIds, predictions }, { computeResult }) => {
    const labels = EvalPrediction.take(labelIds)
    sum += Scoring.squaredError(EvalPrediction.take(predictions, "score"), labels) * labels.data.length
    count += labels.data.length
    return computeResult ? { error: sum / count } : {}
  }
}

const evaluate = Effect.fnUntraced(function* (rows: ReadonlyArray<Scoring.Row>, size: number, collect: CollectOptions) {
  const weights = yield* Scoring.weights
  const loader = Scoring.loader(rows, size)
  return yield* Evaluation.evaluate({ model: Scoring.model, weights, loader, metrics: Scoring.metrics, set: "eval", collect })
})

const predictAll = Effect.fnUntraced(function* (rows: ReadonlyArray<Scoring.Row>, size: number, collect: CollectOptions) {
  const weights = yield* Scoring.weights
  const loader = Scoring.loader(rows, size)
  return yield* Evaluation.predictAll({ model: Scoring.model, weights, loader, metrics: Scoring.metrics, collect })
})

/** The batches that are apart, put together. */
const joined = (gathered: EvalPrediction.Gathered | undefined) => {
  const records = EvalPrediction.batches(gathered!).map((batch) => (EvalPrediction.isTensor(batch) ? { alone: batch } : batch))
  return NestedConcat.concatenateAll(records)
}

it.effect("predictions and metrics depend neither on the batch size nor on when results leave the device", () =>
  Effect.gen(function* () {
    for (const { count, size, ...collect } of settings) {
      const context = JSON.stringify({ count, size, ...collect })
      const rows = Scoring.rows(count)
      const whole = yield* predictAll(rows, count, {})
      const cut = yield* predictAll(rows, size, collect)
      expect(joined(cut.predictions), context).toEqual(joined(whole.predictions))
      expect(joined(cut.labelIds), context).toEqual(joined(whole.labelIds))
      expect(cut.metrics.test_loss, context).toBeCloseTo(whole.metrics.test_loss!, 4)
    }
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.effect("what is collected is what streaming gives, batches of several lengths filled with -100", () =>
  Effect.gen(function* () {
    const weights = yield* Scoring.weights
    const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 })
    for (const [of, size] of fc.sample(fc.tuple(lengths, fc.integer({ min: 1, max: 3 })), { numRuns: 100, seed: 6 })) {
      const rows = of.map((length, i) => ({ x: Array.from({ length }, (_, j) => i + j + 1), label: i }))
      const loader = Scoring.loader(rows, size)
      const streamed = yield* Stream.runCollect(Evaluation.predict({ model: Scoring.model, weights, loader }))
      const { labelIds, predictions } = yield* predictAll(rows, size, {})
      expect(predictions).toEqual(NestedConcat.concatenateAll(streamed.map(({ outputs }) => outputs)))
      expect(labelIds).toEqual(HostTensor.fromArray(of.map((_, i) => i)))
      const longest = Math.max(...of)
      expect(EvalPrediction.take(predictions!, "logits").shape).toEqual([of.length, longest])
    }
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.effect("computeMetrics on a whole set, batch by batch, and a streaming metric agree", () =>
  Effect.gen(function* () {
    for (const { count, size, ...collect } of settings) {
      const rows = Scoring.rows(count)
      const all = yield* evaluate(rows, size, { ...collect, computeMetrics: once })
      const slowly = yield* evaluate(rows, size, { ...collect, computeMetrics: little(), batchEvalMetrics: true })
      expect(Object.keys(all.metrics)).toEqual(["eval_loss", "eval_error"])
      expect(Object.keys(slowly.metrics)).toEqual(["eval_loss", "eval_error"])
      expect(all.metrics.eval_error).toBeCloseTo(all.metrics.eval_loss!, 4)
      expect(slowly.metrics.eval_error).toBeCloseTo(all.metrics.eval_error!, 4)
    }
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.effect("at most evalAccumulationSteps batches are on the device; all of them if it is omitted", () =>
  Effect.gen(function* () {
    const outputs = 2
    for (const { count, size, evalAccumulationSteps, ...collect } of settings) {
      const weights = yield* Scoring.weights
      const before = tf.memory().numTensors
      const on: Array<number> = []
      yield* Evaluation.predictAll({
        model: Scoring.model,
        weights,
        loader: Scoring.loader(Scoring.rows(count), size),
        metrics: Scoring.metrics,
        collect: { ...collect, evalAccumulationSteps },
        onBatch: () => Effect.sync(() => void on.push((tf.memory().numTensors - before) / outputs))
      })
      const batches = Array.from({ length: Math.ceil(count / size) }, (_, i) => i + 1)
      expect(on).toEqual(batches.map((done) => (evalAccumulationSteps === null ? done : done % evalAccumulationSteps)))
      expect(tf.memory().numTensors).toBe(before)
    }
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.effect("without a computeMetrics, and batch by batch, nothing stays on the device", () =>
  Effect.gen(function* () {
    const weights = yield* Scoring.weights
    const before = tf.memory().numTensors
    for (const collect of [
      undefined,
      {},
      { computeMetrics: once, predictionLossOnly: true },
      { computeMetrics: little(), batchEvalMetrics: true }
    ]) {
      yield* Evaluation.evaluate({
        model: Scoring.model,
        weights,
        loader: Scoring.loader(Scoring.rows(7), 2),
        metrics: Scoring.metrics,
        set: "eval",
        ...(collect === undefined ? {} : { collect }),
        onBatch: () => Effect.sync(() => expect(tf.memory().numTensors).toBe(before))
      })
    }
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

const unreadable = new DataError({ row: null, column: null, reason: "the disk is gone" })
const throws = () => {
  throw new Error("no")
}
type Ways = Partial<Evaluation.Options<string> & { readonly set: string }>
const ways: ReadonlyArray<readonly [string, Ways]> = [
  ["done", {}],
  ["the data fail", { loader: Scoring.loader(Scoring.rows(5), 2, unreadable) }],
  ["computeMetrics throws", { collect: { computeMetrics: throws } }],
  ["computeMetrics fails", { collect: { computeMetrics: () => Effect.fail("no") } }],
  ["computeMetrics throws at a batch", { collect: { computeMetrics: throws, batchEvalMetrics: true } }],
  ["a metric is no number", { collect: { computeMetrics: () => ({ x: "high" as unknown as number }) } }],
  ["preprocessing throws", { collect: { computeMetrics: once, preprocessLogitsForMetrics: throws } }],
  ["the hook fails", { onBatch: (done) => (done === 2 ? Effect.fail("no") : Effect.void) }],
  ["the model fails", { model: { ...Scoring.model, apply: throws } }],
  [
    "batches do not fit",
    {
      loader: {
        ...Scoring.loader(Scoring.rows(4), 2),
        batch: (_, i) => Scoring.loader([...Scoring.rows(2), { x: [1] }, { x: [2] }], 2).batch(0, i)
      }
    }
  ]
]

it.effect.each(ways)("the device is left as it was: %s", ([way, options]) =>
  Effect.gen(function* () {
    const weights = yield* Scoring.weights
    const before = tf.memory().numTensors
    const given = {
      model: Scoring.model,
      weights,
      loader: Scoring.loader(Scoring.rows(5), 2),
      metrics: Scoring.metrics,
      set: "eval",
      collect: { computeMetrics: once },
      ...options
    }
    const exits = [yield* Effect.exit(Evaluation.evaluate(given)), yield* Effect.exit(Evaluation.predictAll(given))]
    for (const exit of exits) {
      if (way === "done") expect(Exit.isSuccess(exit)).toBe(true)
      else expect(Exit.hasFails(exit), String(exit)).toBe(true)
    }
    expect(tf.memory().numTensors).toBe(before)
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.live("the device is left as it was: interrupted after any batch", () =>
  Effect.gen(function* () {
    const weights = yield* Scoring.weights
    const before = tf.memory().numTensors
    for (const at of [1, 2, 3]) {
      const reached = yield* Deferred.make<void>()
      const running = yield* Effect.forkChild(
        Evaluation.predictAll({
          model: Scoring.model,
          weights,
          loader: Scoring.loader(Scoring.rows(5), 2),
          metrics: Scoring.metrics,
          onBatch: (done) => (done === at ? Effect.andThen(Deferred.succeed(reached, undefined), Effect.never) : Effect.void)
        })
      )
      yield* Deferred.await(reached)
      expect(tf.memory().numTensors).toBe(before + 2 * at)
      yield* Fiber.interrupt(running)
      expect(tf.memory().numTensors).toBe(before)
    }
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.effect("the metrics of several sets are those of each alone, also of a computeMetrics", () =>
  Effect.gen(function* () {
    const computed: ComputeMetrics = ({ labelIds, predictions }) => ({
      error: Scoring.squaredError(EvalPrediction.take(predictions), EvalPrediction.take(labelIds))
    })
    const sets = { near: Tiny.rows(3), far: Tiny.rows(5, 9), eval: Tiny.rows(4, 2) }
    const run = Effect.fnUntraced(function* (names: ReadonlyArray<keyof typeof sets>) {
      const entries: Array<Entry> = []
      const program = Program.make({
        args: { maxSteps: 4, perDeviceTrainBatchSize: 2, perDeviceEvalBatchSize: 2, evalStrategy: "steps", evalSteps: 2 },
        model: Tiny.model,
        dataCollator: Tiny.collate,
        trainDataset: Dataset.fromArray(Tiny.rows(8)),
        evalDataset: Object.fromEntries(names.map((name) => [name, Dataset.fromArray(sets[name])])),
        computeMetrics: computed
      })
      const layers = Layer.mergeAll(Cpu.layer, Tiny.store().layer, Tiny.logger(entries))
      yield* Program.run(program).pipe(Effect.provide(layers, { local: true }))
      return entries.flatMap((entry) => (entry._tag === "Scalars" && entry.kind === "eval" ? [[entry.step, entry.values]] : []))
    })
    const together = yield* run(["near", "far", "eval"])
    const [near, far, plain] = [yield* run(["near"]), yield* run(["far"]), yield* run(["eval"])]
    expect(together).toEqual([0, 1].flatMap((i) => [near[i], far[i], plain[i]]))
    expect(together.map(([, values]) => Object.keys(values!))[0]).toEqual(["eval_near_loss", "eval_near_error"])
  })
)

it.effect("with several sets, what is best names a metric of one of them, or is refused before step 0", () =>
  Effect.gen(function* () {
    const run = (metricForBestModel: string) =>
      Program.run(
        Program.make({
          args: {
            ...{ maxSteps: 4, evalStrategy: "steps", evalSteps: 2, saveSteps: 2, loadBestModelAtEnd: true },
            metricForBestModel
          },
          model: Tiny.model,
          dataCollator: Tiny.collate,
          trainDataset: Dataset.fromArray(Tiny.rows(8)),
          evalDataset: { near: Dataset.fromArray(Tiny.rows(3)), far: Dataset.fromArray(Tiny.rows(5, 9)) }
        })
      ).pipe(Effect.provide(Layer.mergeAll(Cpu.layer, Tiny.store().layer, Tiny.logger()), { local: true }))
    for (const name of ["near_loss", "eval_far_loss"]) {
      const { history, state } = yield* run(name)
      const full = name.startsWith("eval_") ? name : `eval_${name}`
      const values = history.flatMap((entry) => (full in entry.values ? [entry.values[full]!] : []))
      expect(state.bestCheckpoint).toBe(values[1]! < values[0]! ? 4 : 2)
    }
    const error = yield* Effect.flip(run("loss"))
    expect(error._tag).toBe("InvalidTask")
    expect(error.message).toContain("eval_near_loss, eval_far_loss")
  })
)
