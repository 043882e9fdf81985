/** Callbacks of the Trainer with promises: the run of an event answers with promises, with its present weights. */
import { Layer } from "effect"
import { expect, it } from "vitest"
import * as MemoryStore from "../../../../src/Checkpoint/MemoryStore.ts"
import * as Cpu from "../../../../src/Layer/Device/Cpu.ts"
import { Callback, EvalPrediction, Trainer } from "../../../../src/promise.ts"
import * as Tiny from "../../../support/tiny.ts"

const options = {
  model: Tiny.model,
  dataCollator: Tiny.collate,
  args: { maxSteps: 3, perDeviceTrainBatchSize: 2, learningRate: 0.05 },
  trainDataset: Tiny.rows(8),
  evalDataset: Tiny.rows(5),
  layers: Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger())
}

it("evaluates and predicts with the present weights, by the run and by the Trainer's own methods", async () => {
  const losses: Array<ReadonlyArray<number | undefined>> = []
  const weights: Array<string> = []
  const trainer = await Trainer.make({
    ...options,
    callbacks: [
      Callback.make({
        state: { initial: 0 },
        onStepEnd: async ({ run, state }, calls) => {
          const { eval_loss } = await run.evaluate()
          const { metrics, predictions } = await run.predict(run.evalDataloaders.eval!)
          expect(EvalPrediction.take(predictions).shape).toEqual([5, 1])
          losses.push([eval_loss, metrics.test_loss, (await trainer.predict(Tiny.rows(5))).metrics.test_loss])
          weights.push(String((await run.weights).parameters["lin.weight"]!.data))
          expect(String(trainer.weights.parameters["lin.weight"]!.data)).toBe(weights.at(-1))
          expect([run.args!.maxSteps, run.learningRate > 0 || state.step === 3]).toEqual([3, true])
          return { state: calls + 1 }
        }
      })
    ]
  })
  await trainer.train()
  for (const [loss, ...others] of losses) expect(others).toEqual([loss, loss])
  expect([new Set(losses.map(String)).size, new Set(weights).size]).toEqual([3, 3])
  expect(String(trainer.weights.parameters["lin.weight"]!.data)).toBe(weights.at(-1))
  expect(trainer.state.callbacks).toEqual({ Callback: 3 })
  await trainer.close()
})

it("ends the run with CallbackFailed when a handler's promise is rejected or it throws", async () => {
  const boom = () => {
    throw new Error("boom")
  }
  for (const onStepEnd of [
    boom,
    async () => boom(),
    async ({ run }: { run: Callback.CurrentRun }) => void (await run.generate({}))
  ]) {
    const trainer = await Trainer.make({ ...options, callbacks: [Callback.make({ name: "Mine", onStepEnd })] })
    await expect(trainer.train()).rejects.toMatchObject({ _tag: "CallbackFailed", callback: "Mine", event: "onStepEnd" })
    await trainer.close()
  }
})
