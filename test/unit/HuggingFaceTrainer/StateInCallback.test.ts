/** Inside a callback `trainer.state` and `logHistory` are those of the training that is running. */
import { NodeServices } from "@effect/platform-node"
import { it as effectIt, expect } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as PromiseTrainer from "../../../src/HuggingFaceTrainer/Promise/Trainer.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Tiny from "../../support/tiny.ts"

const rows = Dataset.fromArray(Tiny.rows(8))
const options = {
  model: Tiny.model,
  args: { maxSteps: 4, perDeviceTrainBatchSize: 2, saveStrategy: "no", loggingSteps: 2, evalStrategy: "steps", evalSteps: 2 },
  dataCollator: Tiny.collate,
  trainDataset: rows,
  evalDataset: rows
} as const
const layers = () => Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(), NodeServices.layer)

/** The step, the number of entries in the log, and the keys of the last. */
const expected = [
  ["onStepEnd", 1, 0, undefined],
  ["onStepEnd", 2, 0, undefined],
  ["onLog", 2, 1, "loss"],
  ["onLog", 2, 2, "eval_loss"],
  ["onEvaluate", 2, 2, "eval_loss"],
  ["onStepEnd", 3, 2, "eval_loss"],
  ["onStepEnd", 4, 2, "eval_loss"],
  ["onLog", 4, 3, "loss"],
  ["onLog", 4, 4, "eval_loss"],
  ["onEvaluate", 4, 4, "eval_loss"],
  ["onLog", 4, 5, "total_flos"]
]
type Read = readonly [globalStep: number, history: ReadonlyArray<{ readonly values: object }>, flat: number, inTrain: boolean]
const seen = (name: string, [globalStep, history, flat, inTrain]: Read) => {
  expect([flat, inTrain]).toEqual([history.length, true])
  return [name, globalStep, history.length, Object.keys(history.at(-1)?.values ?? {})[0]]
}

effectIt.effect("Trainer: step by step, and from 0 again in the next training", () =>
  Effect.gen(function* () {
    const found: Array<unknown> = []
    const record = (name: string) => () =>
      Effect.gen(function* () {
        const { globalStep, logHistory } = yield* trainer.state
        found.push(seen(name, [globalStep, yield* trainer.logHistory, logHistory.length, yield* trainer.isInTrain]))
      })
    const callback = Callback.make({ onStepEnd: record("onStepEnd"), onLog: record("onLog"), onEvaluate: record("onEvaluate") })
    const trainer: Trainer.Trainer<ReturnType<typeof Tiny.rows>[number]> = yield* Trainer.make({
      ...options,
      callbacks: [callback]
    })
    yield* trainer.train()
    expect(found).toEqual(expected)
    found.length = 0
    yield* trainer.train()
    expect(found).toEqual(expected)
  }).pipe(Effect.provide(layers()))
)

effectIt("Trainer with promises: the same", async () => {
  const found: Array<unknown> = []
  const record = (name: string) => () => {
    const { globalStep, logHistory } = trainer.state
    found.push(seen(name, [globalStep, trainer.logHistory, logHistory.length, trainer.isInTrain]))
  }
  const callback = Callback.make({ onStepEnd: record("onStepEnd"), onLog: record("onLog"), onEvaluate: record("onEvaluate") })
  const trainer: PromiseTrainer.Trainer<ReturnType<typeof Tiny.rows>[number]> = await PromiseTrainer.make({
    ...options,
    callbacks: [callback],
    layers: layers()
  })
  await trainer.train()
  expect(found).toEqual(expected)
  await trainer.close()
})

effectIt.effect("what a callback logs and evaluates has the present epoch and stays in the history", () =>
  Effect.gen(function* () {
    const callback = Callback.make({
      onStepEnd: ({ run, state }) =>
        Effect.gen(function* () {
          if (state.step !== 3) return
          yield* trainer.log({ own: 1 })
          expect(yield* trainer.getLearningRates()).toEqual([run.learningRate, run.learningRate])
          const metrics = yield* trainer.evaluate({ metricKeyPrefix: "mine" })
          expect(metrics.epoch).toBe(0.75)
        }).pipe(Effect.orDie)
    })
    const trainer: Trainer.Trainer<ReturnType<typeof Tiny.rows>[number]> = yield* Trainer.make({
      ...options,
      callbacks: [callback]
    })
    yield* trainer.train()
    const history = yield* trainer.logHistory
    const keys = history.map(({ epoch, step, values }) => `${Object.keys(values)[0]} ${step} ${epoch}`)
    expect(keys).toEqual([
      "loss 2 0.5",
      "eval_loss 2 0.5",
      "own 3 0.75",
      "mine_loss 3 0.75",
      "loss 4 1",
      "eval_loss 4 1",
      "total_flos 4 1"
    ])
  }).pipe(Effect.provide(layers()))
)
