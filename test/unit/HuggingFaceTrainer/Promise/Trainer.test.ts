/** The Trainer with promises: the same methods, typed errors as rejections, and an end. */
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import * as MemoryStore from "../../../../src/Checkpoint/MemoryStore.ts"
import * as Callback from "../../../../src/Driver/Callback.ts"
import type { Options } from "../../../../src/HuggingFaceTrainer/Options.ts"
import * as HuggingFaceTrainer from "../../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../../../src/Layer/Logger/Logger.ts"
import { type ComputeLoss, type ComputeMetrics, EvalPrediction, Trainer } from "../../../../src/promise.ts"
import { tf } from "../../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../../support/tiny.ts"

const layers = Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger())
const options = {
  model: Tiny.model,
  dataCollator: Tiny.collate,
  args: { maxSteps: 3, perDeviceTrainBatchSize: 2, learningRate: 0.05 },
  trainDataset: Tiny.rows(8),
  evalDataset: { a: Tiny.rows(5), b: Tiny.rows(3) },
  layers
}

it("trains, evaluates and predicts arrays of rows, with an async computeMetrics", async () => {
  const trainer = await Trainer.make({
    ...options,
    computeMetrics: async ({ predictions }) => ({ rows: EvalPrediction.take(predictions).data.length })
  })
  expect((await trainer.train()).globalStep).toBe(3)
  const metrics = await trainer.evaluate()
  expect([metrics.eval_a_rows, metrics.eval_b_rows]).toEqual([5, 3])
  expect((await trainer.predict(Tiny.rows(4))).metrics.test_rows).toBe(4)
  expect(trainer.args.maxSteps).toBe(3)
  await trainer.close()
})

it("attributes are plain values; the state has the Trainer's names, and logHistory the Trainer's records", async () => {
  const logKeys: Array<ReadonlyArray<string>> = []
  const scores = [0, 1, 3, 2].flatMap((score) => [score, score]) // two sets, evaluated once before the first step
  const trainer = await Trainer.make({
    ...options,
    args: { ...options.args, loggingSteps: 1, evalStrategy: "steps", evalSteps: 1, saveSteps: 1, metricForBestModel: "a_score" },
    computeMetrics: () => ({ score: scores.shift() ?? 0 }),
    callbacks: [Callback.make({ onLog: ({ logs }) => void logKeys.push(Object.keys(logs)) })]
  })
  expect(trainer.state).toMatchObject({ globalStep: 0, epoch: 0, bestMetric: null, bestModelCheckpoint: null, logHistory: [] })
  await trainer.train()
  const { bestGlobalStep, bestMetric, bestModelCheckpoint, epoch, globalStep, logHistory } = trainer.state
  expect([globalStep, epoch]).toEqual([3, 0.75])
  expect(Object.keys(logHistory[0]!)).toEqual(["loss", "grad_norm", "learning_rate", "epoch", "step"])
  expect(logKeys[0]).toEqual(["loss", "grad_norm", "learning_rate", "epoch"])
  expect(logKeys.every((names) => names.includes("epoch"))).toBe(true)
  const scored = logHistory.flatMap(({ eval_a_score, step }) => (eval_a_score === undefined ? [] : [[eval_a_score, step]]))
  expect(scored).toEqual([
    [1, 1],
    [3, 2],
    [2, 3]
  ])
  expect([bestMetric, bestGlobalStep]).toEqual([3, 2])
  expect(bestModelCheckpoint).toBe("trainer_output/checkpoint-2")
  expect([trainer.bestModelCheckpoint, trainer.isInTrain, trainer.logHistory.length]).toEqual([
    bestModelCheckpoint,
    false,
    logHistory.length
  ])
  await trainer.close()
})

it("evaluate takes options, or rows or named sets followed by options, and rejects anything else by name", async () => {
  const computeMetrics: ComputeMetrics = ({ labelIds }) => ({ rows: EvalPrediction.take(labelIds).data.length })
  const trainer = await Trainer.make({ ...options, computeMetrics })
  expect(await trainer.evaluate({ evalDataset: Tiny.rows(2) })).toMatchObject({ eval_rows: 2 })
  expect(await trainer.evaluate(Tiny.rows(2), { metricKeyPrefix: "mine" })).toMatchObject({ mine_rows: 2 })
  expect(await trainer.evaluate({ c: Tiny.rows(2), d: Tiny.rows(1) })).toMatchObject({ eval_c_rows: 2, eval_d_rows: 1 })
  expect(await trainer.evaluate({ metricKeyPrefix: "own" })).toMatchObject({ own_a_rows: 5, own_b_rows: 3 })
  const refused = (asked: object) => trainer.evaluate(asked as Parameters<typeof trainer.evaluate>[0])
  await expect(refused({ metric_key_prefix: "mine" })).rejects.toThrow(/"metric_key_prefix".*Dataset.fromArray/)
  await expect(refused({ metricKeyPrefix: "mine", dataset: [] })).rejects.toThrow(/option dataset/)
  await expect(trainer.predict({ testDataset: Tiny.rows(1) } as never)).rejects.toThrow(/predict cannot read "testDataset"/)
  await expect(trainer.predict(undefined as never)).rejects.toThrow(/predict cannot read "testDataset"/)
  await trainer.close()
})

it("a loss and a collator are plain functions, whose logits and labels are typed as present", async () => {
  const computeLoss: ComputeLoss = ({ outputs }, { labels }) => ({
    sum: tf.sum(tf.square(tf.sub(tf.squeeze(outputs.logits, [1]), labels))),
    count: tf.scalar(labels.size)
  })
  const plain = await Trainer.make({ ...options, evalDataset: Tiny.rows(4) })
  const own = await Trainer.make({
    ...options,
    evalDataset: Tiny.rows(4),
    computeLoss,
    dataCollator: async (rows: ReadonlyArray<{ readonly x: ReadonlyArray<number>; readonly label: number }>) => ({
      x: { dtype: "float32", shape: [rows.length, 3], data: Float32Array.from(rows.flatMap(({ x }) => x)) },
      labels: { dtype: "float32", shape: [rows.length], data: Float32Array.from(rows, ({ label }) => label) }
    })
  })
  expect((await own.evaluate()).eval_loss).toBeCloseTo((await plain.evaluate()).eval_loss!, 6)
  const broken = await Trainer.make({ ...options, dataCollator: () => Promise.reject(new Error("boom")) })
  await expect(broken.train()).rejects.toThrow("dataCollator failed: boom")
  await Promise.all([plain, own, broken].map((trainer) => trainer.close()))
})

it("rejects with typed errors, also in make, and with TrainerClosed after close", async () => {
  const listening = process.stdin.listenerCount("end")
  await expect(Trainer.make({ ...options, args: { learningRate: -1 } })).rejects.toMatchObject({ _tag: "InvalidArgument" })
  await expect(Trainer.make({ ...options, args: { fp16: true } })).rejects.toMatchObject({ _tag: "NotSupported" })
  expect(process.stdin.listenerCount("end")).toBe(listening) // no listener of a Trainer that failed to be made is left
  const trainer = await Trainer.make(options)
  await expect(trainer.train(true)).rejects.toMatchObject({
    _tag: "NoCheckpoint",
    message: expect.stringContaining("leave resume_from_checkpoint (in code: resumeFromCheckpoint) out.")
  })
  await trainer[Symbol.asyncDispose]()
  await expect(trainer.evaluate()).rejects.toMatchObject({ _tag: "TrainerClosed", method: "evaluate" })
  await expect(trainer.saveModel()).rejects.toThrow("This Trainer is closed: it can no longer saveModel.")
  expect(trainer.state.globalStep).toBe(0)
})

it("close interrupts a running training, awaits its last save, and then releases the loggers", async () => {
  const entries: Array<Entry> = []
  let reached = () => {}
  const third = new Promise<void>((resolve) => {
    reached = resolve
  })
  const watch = Callback.make({ onStepEnd: ({ state }) => void (state.step === 3 && reached()) })
  const trainer = await Trainer.make({
    ...options,
    args: { ...options.args, maxSteps: 2000, loggingSteps: 1, saveStrategy: "no" },
    callbacks: [watch],
    layers: Layer.mergeAll(Cpu.layer, Layer.fresh(MemoryStore.layer), Tiny.logger(entries))
  })
  const training = trainer.train()
  const outcome = training.then(
    () => "ended",
    ({ _tag, message }) => `${_tag}: ${message}`
  )
  await third
  await Promise.all([trainer.close(), trainer.close()])
  const { length } = entries
  expect(await outcome).toMatch(/^TrainerClosed: This Trainer was closed while train was running/)
  expect(trainer.isInTrain).toBe(false)
  expect(entries).toHaveLength(length)
  expect(entries.at(-1)).toMatchObject({ _tag: "Text", text: expect.stringContaining("its state is saved") })
})

it("several Trainers of a process share one listener of the terminal and the signals", async () => {
  const listeners = () => [
    process.stdin.listenerCount("end"),
    ...["SIGINT", "SIGTERM"].map((name) => process.listenerCount(name))
  ]
  const before = listeners()
  const trainers = await Promise.all(Array.from({ length: 12 }, () => Trainer.make({ ...options, layers: Layer.fresh(layers) })))
  expect(listeners().map((count, i) => count - before[i]!)).toEqual([1, 0, 0])
  const heeding = new Set<number>()
  const watch = Callback.make({ onStepEnd: () => void heeding.add(process.listenerCount("SIGINT") - before[1]!) })
  await Promise.all(trainers.map((trainer) => trainer.addCallback(watch)))
  await Promise.all(trainers.map((trainer) => trainer.train()))
  expect([...heeding]).toEqual([1])
  await Promise.all(trainers.slice(1).map((trainer) => trainer.close()))
  expect(listeners()[0]).toBe(before[0]! + 1)
  await trainers[0]!.close()
  expect(listeners()).toEqual(before)
})

it("rejects an unknown option and suggests the nearest", async () => {
  const refused = async (given: object) =>
    Trainer.make({ ...options, ...given }).then(
      () => "made",
      ({ _tag, message }) => `${_tag}: ${message}`
    )
  const none = (name: string) => `InvalidTask: A Trainer has no option ${name}.`
  expect(await refused({ compute_metrics: () => ({}) })).toBe(`${none("compute_metrics")} Did you mean computeMetrics?`)
  expect(await refused({ processingClass: {} })).toBe(`${none("processingClass")} Did you mean tokenizer?`)
  expect(await refused({ processing_class: {} })).toBe(`${none("processing_class")} Did you mean tokenizer?`)
  expect(await refused({ learning_rate: 1 })).toBe(`${none("learning_rate")} Did you mean args: { learningRate }?`)
  expect(await refused({ devise: "cpu" })).toBe(`${none("devise")} Did you mean device?`)
  expect(await refused({ zebra: 1 })).toContain(`${none("zebra")} There are: model, modelInit, args,`)
  const inEffect = HuggingFaceTrainer.make({ model: Tiny.model, compute_metrics: () => ({}) } as Options<unknown>)
  expect(await Effect.runPromise(Effect.flip(Effect.provide(inEffect as never, layers)))).toMatchObject({ _tag: "InvalidTask" })
})
