/** An interrupted and resumed run of a layers model ends as an uninterrupted one, with dropout, batch normalization and a frozen layer. */
import { expect, it } from "@effect/vitest"
import * as tfl from "@tensorflow/tfjs-layers"
import { Effect, Layer, Result, Stream } from "effect"
import * as Collator from "../../../src/Data/Collator.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loader.ts"
import * as Sampler from "../../../src/Data/Sampler.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../../src/Layer/Device/Wasm.ts"
import * as Optimizer from "../../../src/Layer/Optimizer.ts"
import * as LayersModel from "../../../src/Model/LayersModel.ts"
import * as Loss from "../../../src/Model/Loss.ts"
import { adamw } from "../../../src/Optimizer/Optimizers.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as TestModels from "../../support/layersModels.ts"
import { baseShape, planOf } from "../../support/plans.ts"
import * as Tiny from "../../support/tiny.ts"

const shape = { ...baseShape, epochs: 3, batchSize: 4, accumulation: 2, log: 1, save: 2 }

const taskOf = (there: tfl.LayersModel) =>
  Effect.gen(function* () {
    const model = LayersModel.make(there, {
      inputs: ["x"],
      labels: ["labels"],
      loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
    })
    const rows = Array.from({ length: 24 }, (_, i) => ({ x: Random.normal(Key.make(i), [5, 2]), label: i % 3 }))
    const train = yield* Loader.make({
      dataset: Dataset.fromArray(rows),
      batchSize: shape.batchSize,
      collate: Collator.stack({}),
      sampler: Sampler.random({ seed: 3 })
    })
    return Trainer.task({ model: Result.getOrThrow(model), train })
  })

for (const [device, layer] of [
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const) {
  it.effect(
    `${device}: interrupted at any step`,
    () =>
      Effect.gen(function* () {
        const there = TestModels.noisy()
        there.getLayer("lstm").trainable = false
        const task = yield* taskOf(there)
        const plan = planOf(shape, task.train.batchesPerEpoch)
        const train = Trainer.train(task, plan)
        const whole = yield* train.pipe(Effect.provide(worldOf(Tiny.store())))
        expect(whole.state.step).toBe(9)
        const before = tf.memory().numTensors
        for (const cut of [9, 21, 34, 40]) {
          yield* Effect.gen(function* () {
            yield* Trainer.events(task, plan).pipe(Stream.take(cut), Stream.runDrain)
            const resumed = yield* train
            expect(resumed.state.step).toBe(9)
            expect(resumed.weights).toEqual(whole.weights)
          }).pipe(Effect.provide(worldOf(Tiny.store())))
        }
        expect(tf.memory().numTensors).toBe(before)
        const { parameters, buffers, slots } = whole.weights
        const first = task.model.init(Key.make(0))
        const frozen = Object.keys(first).filter((path) => !task.model.trainable!(path))
        expect(frozen.length).toBe(3)
        for (const path of frozen) expect(HostTensor.equals(parameters[path]!, first[path]!)).toBe(true)
        expect(Object.keys(slots).filter((path) => frozen.some((name) => path.endsWith(name)))).toEqual([])
        expect(buffers["norm.moving_mean"]).not.toEqual(task.model.buffers!(Key.make(0))["norm.moving_mean"])
      }).pipe(Effect.provide(layer)),
    60_000
  )
}

it.effect("a checkpoint of a wider model is refused", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const run = (units: number) =>
      Effect.gen(function* () {
        const task = yield* taskOf(
          tfl.sequential({
            layers: [
              tfl.layers.flatten({ inputShape: [5, 2] }),
              tfl.layers.dense({ name: "hidden", units }),
              tfl.layers.batchNormalization({ name: "norm" }),
              tfl.layers.dense({ name: "head", units: 3 })
            ]
          })
        )
        return yield* Trainer.train(task, planOf({ ...shape, epochs: units }, task.train.batchesPerEpoch))
      }).pipe(Effect.provide(worldOf(store)))
    yield* run(2)
    expect((yield* Effect.flip(run(3))).message).toContain("hidden.kernel has shape [10,2] where the run's has [10,3]")
  }).pipe(Effect.provide(Cpu.layer))
)

const worldOf = (store: ReturnType<typeof Tiny.store>) =>
  Layer.mergeAll(Optimizer.layer(adamw({ weightDecay: 0.01 })), store.layer, Tiny.logger())
