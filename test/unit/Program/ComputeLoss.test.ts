/** computeLoss replaces the loss, also with label smoothing; an invalid result fails before the first step. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Loss from "../../../src/Model/Loss.ts"
import * as Model from "../../../src/Model/Model.ts"
import type { ComputeLoss } from "../../../src/Program/ComputeLoss.ts"
import * as Init from "../../../src/Tensor/Init.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: (key) => ({ weight: Init.normal({ stddev: 1 })(key, [1, 3]) }),
  forward: ({ weight }, { x }) => ({ logits: tf.matMul(x, weight!) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})
const rows = Array.from({ length: 6 }, (_, i) => ({ x: [i / 4], labels: i % 3 }))
const provide = <A, E>(effect: Effect.Effect<A, E, Trainer.Services>) =>
  Effect.provide(effect, Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(), NodeServices.layer), { local: true })
/** The training loss of one step on all rows, and the evaluation loss after it. */
const losses = (labelSmoothingFactor: number, computeLoss?: ComputeLoss, options: { readonly fresh?: boolean } = {}) =>
  Effect.gen(function* () {
    const trainer = yield* Trainer.make({
      ...(options.fresh === true ? { modelInit: () => model } : { model }),
      args: { maxSteps: 1, perDeviceTrainBatchSize: 6, saveStrategy: "no", learningRate: 0.5, labelSmoothingFactor },
      trainDataset: Dataset.fromArray(rows),
      evalDataset: Dataset.fromArray(rows),
      ...(computeLoss === undefined ? {} : { computeLoss })
    })
    const { trainingLoss } = yield* trainer.train()
    return [trainingLoss, (yield* trainer.evaluate()).eval_loss!] as const
  })
const expectClose = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>) =>
  actual.forEach((loss, i) => {
    expect(loss).toBeCloseTo(expected[i]!, 5)
  })

it.effect("computeLoss replaces the smoothed loss, and receives it", () =>
  provide(
    Effect.gen(function* () {
      const plain = yield* losses(0)
      const smoothed = yield* losses(0.4)
      expect(Math.abs(plain[0] - smoothed[0])).toBeGreaterThan(0.01)
      const own: ComputeLoss = ({ outputs }, { labels }) => Loss.crossEntropy(outputs.logits, labels)
      for (const fresh of [false, true]) {
        expectClose(yield* losses(0.4, own, { fresh }), plain)
        expectClose(yield* losses(0.4, ({ loss }) => loss, { fresh }), smoothed)
      }
    })
  )
)

it.effect("reports a result that is not { sum, count } of two scalars", () =>
  provide(
    Effect.gen(function* () {
      const refused = (computeLoss: (...given: Parameters<ComputeLoss>) => unknown) =>
        Effect.map(Effect.flip(losses(0, computeLoss as ComputeLoss)), ({ message }) => message)
      const must = "computeLoss failed: it must give { sum, count }, two scalar tensors; it gave "
      expect(yield* refused(({ loss }) => loss.sum)).toBe(`${must}a tensor of shape [].`)
      expect(yield* refused(({ outputs, loss }) => ({ ...loss, sum: tf.sum(outputs.logits, 1) }))).toBe(
        `${must}{ sum: a tensor of shape [6], count: a tensor of shape [] }.`
      )
      expect(yield* refused(({ loss }) => ({ sum: loss.sum, count: 6 }))).toContain("count: a number }")
      expect(yield* refused(() => undefined)).toBe(`${must}nothing.`)
      expect(yield* refused(async ({ loss }) => loss)).toBe(`${must}a promise.`)
    })
  )
)
