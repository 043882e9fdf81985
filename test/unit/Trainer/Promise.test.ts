/** The Trainer with promises: the same methods, typed errors as rejections, and an end. */
import { Layer } from "effect"
import { expect, it } from "vitest"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as EvalPrediction from "../../../src/Trainer/EvalPrediction.ts"
import * as Trainer from "../../../src/Trainer/Promise.ts"
import * as Tiny from "../../support/tiny.ts"

const world = Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger())
const options = {
  model: Tiny.model,
  dataCollator: Tiny.collate,
  args: { maxSteps: 3, perDeviceTrainBatchSize: 2, learningRate: 0.05 },
  trainDataset: Tiny.rows(8),
  evalDataset: { a: Tiny.rows(5), b: Tiny.rows(3) },
  world
}

it("trains, evaluates and predicts arrays of rows, with a computeMetrics that waits", async () => {
  const trainer = await Trainer.make({
    ...options,
    computeMetrics: async ({ predictions }) => ({ rows: EvalPrediction.take(predictions).shape[0]! })
  })
  expect((await trainer.train()).globalStep).toBe(3)
  expect((await trainer.state).step).toBe(3)
  const metrics = await trainer.evaluate()
  expect([metrics.eval_a_rows, metrics.eval_b_rows]).toEqual([5, 3])
  expect((await trainer.evaluate({ evalDataset: Tiny.rows(2) })).eval_rows).toBe(2)
  expect((await trainer.predict(Tiny.rows(4))).metrics.test_rows).toBe(4)
  expect(trainer.args.maxSteps).toBe(3)
  await trainer.close()
})

it("errors are rejections with their type, also of making it, and a closed one does no more", async () => {
  await expect(Trainer.make({ ...options, args: { learningRate: -1 } })).rejects.toMatchObject({ _tag: "InvalidArgument" })
  await expect(Trainer.make({ ...options, args: { fp16: true } })).rejects.toMatchObject({ _tag: "NotSupported" })
  const trainer = await Trainer.make(options)
  await expect(trainer.train(true)).rejects.toMatchObject({ _tag: "NoCheckpoint" })
  await trainer[Symbol.asyncDispose]()
  await expect(trainer.evaluate()).rejects.toThrow("This Trainer is closed")
})
