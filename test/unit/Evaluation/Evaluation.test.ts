import { expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

const weights = Effect.gen(function* () {
  const device = yield* Device
  const parameters = yield* Effect.acquireRelease(device.put(Tiny.initial()), device.dispose)
  return { parameters, buffers: {} }
})

it.live("predict streams each batch's outputs in order, and leaves no tensor on the device", () =>
  Effect.gen(function* () {
    const held = yield* weights
    const before = tf.memory().numTensors
    const loader = yield* Tiny.loader(5, 2)
    const all = yield* Stream.runCollect(Trainer.predict({ model: Tiny.model, weights: held, loader }))
    expect(all.map(({ batch, outputs }) => [batch.rows, outputs.logits?.shape])).toEqual([
      [2, [2, 1]],
      [2, [2, 1]],
      [1, [1, 1]]
    ])
    const one = yield* Tiny.loader(5, 5)
    const [whole] = yield* Stream.runCollect(Trainer.predict({ model: Tiny.model, weights: held, loader: one }))
    expect(all.flatMap(({ outputs }) => [...outputs.logits!.data])).toEqual([...whole!.outputs.logits!.data])
    expect(tf.memory().numTensors).toBe(before)
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.live("an evaluation prefixes its metrics with the set, and does not depend on the batch size", () =>
  Effect.gen(function* () {
    const held = yield* weights
    const { metrics } = Trainer.task({ model: Tiny.model, train: yield* Tiny.loader(4, 2) })
    const evaluate = (loader: Parameters<typeof Trainer.evaluate>[0]["loader"]) =>
      Trainer.evaluate({ model: Tiny.model, weights: held, loader, metrics, set: "test" })
    const small = yield* evaluate(yield* Tiny.loader(7, 2))
    const large = yield* evaluate(yield* Tiny.loader(7, 7))
    expect(Object.keys(small.metrics)).toEqual(["test_loss"])
    expect(Object.keys(small.clock)).toEqual(["test_runtime", "test_samples_per_second", "test_steps_per_second"])
    expect(small.metrics.test_loss).toBeCloseTo(large.metrics.test_loss!, 6)
  }).pipe(Effect.scoped, Effect.provide(Cpu.layer))
)

it.live("host weights are copied to the device meanwhile, and give the same", () =>
  Effect.gen(function* () {
    const host = { parameters: Tiny.initial(), buffers: {} }
    const loader = yield* Tiny.loader(5, 2)
    const before = tf.memory().numTensors
    const { metrics } = Trainer.task({ model: Tiny.model, train: loader })
    const figures = (given: typeof host | Effect.Success<typeof weights>) =>
      Effect.gen(function* () {
        const evaluation = yield* Trainer.evaluate({ model: Tiny.model, weights: given, loader, metrics, set: "test" })
        const [first] = yield* Stream.runCollect(Trainer.predict({ model: Tiny.model, weights: given, loader }))
        return [evaluation.metrics, first!.outputs.logits]
      })
    expect(yield* figures(host)).toEqual(yield* Effect.scoped(Effect.flatMap(weights, figures)))
    expect(tf.memory().numTensors).toBe(before)
  }).pipe(Effect.provide(Cpu.layer))
)
