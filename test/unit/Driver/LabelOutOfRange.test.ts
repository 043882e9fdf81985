/** A label that is no class of the model: an error of the data that names its row, in training and in evaluation, never a NaN. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Collator from "../../../src/Data/Collator.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loader.ts"
import { evaluate } from "../../../src/Evaluation/Evaluation.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import * as Dense from "../../../src/Model/Dense.ts"
import * as Loss from "../../../src/Model/Loss.ts"
import * as Model from "../../../src/Model/Model.ts"
import * as Parameters from "../../../src/Model/Parameters.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import { baseShape, planOf, type Shape } from "../../support/plans.ts"
import * as Tiny from "../../support/tiny.ts"

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ lin: Dense.init({ inputs: 1, outputs: 3 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, tf.reshape(labels, [-1]))
})
const loaderOf = (labels: ReadonlyArray<number>) =>
  Loader.make({
    dataset: Dataset.fromArray(labels.map((label, i) => ({ x: [i], label: [label] }))),
    batchSize: 2,
    collate: Collator.stack()
  })
const shape: Shape = { ...baseShape, epochs: 1, accumulation: 2, log: 1, evaluate: 1 }

it.effect.each([
  { labels: [0, 1, 2, 3], row: 3, label: 3 },
  { labels: [0, 1, 2, 0, 1, -1, 2, 0], row: 5, label: -1 },
  { labels: [9, 1, 2, 0], row: 0, label: 9 }
])("training refuses label $label of row $row", ({ labels, row, label }) =>
  Effect.gen(function* () {
    const task = Trainer.task({ model, train: yield* loaderOf(labels), seed: 3 })
    const error = yield* Effect.flip(Trainer.train(task, planOf(shape, task.train.batchesPerEpoch)))
    expect(error).toMatchObject({ _tag: "DataError", row, column: "labels" })
    expect(error.message).toContain(`holds label ${label}, and the model has classes 0 to 2, or -100 for none`)
  }).pipe(Effect.provide(Tiny.layers()))
)

it.effect("evaluation rejects it too", () =>
  Effect.gen(function* () {
    const task = Trainer.task({ model, train: yield* loaderOf([0, 1]), seed: 3 })
    const device = yield* Device
    const parameters = yield* device.put(model.init(Key.make(0)))
    const loader = yield* loaderOf([0, 1, 2, 5])
    const error = yield* Effect.flip(evaluate({ ...task, weights: { parameters, buffers: {} }, loader, set: "eval" }))
    expect(error).toMatchObject({ _tag: "DataError", row: 3, column: "labels" })
    yield* device.dispose(parameters)
  }).pipe(Effect.provide(Tiny.layers()))
)

it.effect("accepts labels in range, and -100", () =>
  Effect.gen(function* () {
    const task = Trainer.task({ model, train: yield* loaderOf([0, 1, 2, -100, -100, -100]), seed: 3 })
    const { state } = yield* Trainer.train(task, planOf(shape, task.train.batchesPerEpoch))
    expect(state.step).toBe(2)
  }).pipe(Effect.provide(Tiny.layers()))
)
