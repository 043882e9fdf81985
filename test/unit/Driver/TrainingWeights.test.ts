/** The weights of a run on the device: with an adapter, with buffers, and in the numbers of policies. */
import { expect, it } from "@effect/vitest"
import { Effect, type Layer, type Scope } from "effect"
import * as Driver from "../../../src/Driver/Driver.ts"
import * as TrainingWeights from "../../../src/Driver/TrainingWeights.ts"
import type { Model } from "../../../src/Model/Model.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import type { HostWeights } from "../../../src/Tensor/Weights.ts"
import * as TrainerState from "../../../src/TrainerState.ts"
import * as Tiny from "../../support/tiny.ts"

const isAdapter = (path: string) => path === "gain"
const adapted: Model = { ...Tiny.model, trainable: isAdapter, savedParameters: isAdapter }
const withBuffers: Model = {
  ...Tiny.model,
  buffers: () => ({ b: HostTensor.scalar(1), a: HostTensor.scalar(2) })
}
const taskOf = (model: Model, seed = 3) =>
  Effect.map(Tiny.loader(6, 2), (train): Driver.TrainingTask => Driver.task({ model, train, seed }))
type From = Parameters<typeof TrainingWeights.make>[1]
const open = (task: Driver.TrainingTask, from: Partial<From> = {}, options?: Parameters<typeof TrainingWeights.make>[2]) =>
  TrainingWeights.make(task, { state: TrainerState.initial, ...from }, options)
const here = <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof Tiny.layers>> | Scope.Scope>) =>
  Effect.gen(function* () {
    const { numTensors } = tf.memory()
    yield* Effect.scoped(effect)
    expect(tf.memory().numTensors).toBe(numTensors)
  }).pipe(Effect.provide(Tiny.layers(), { local: true }))
const batchOf = (task: Driver.TrainingTask, index = 0) => Effect.map(task.train.batch(0, index), (batch) => batch!)

it.effect("a checkpoint of an adapter holds it alone, and is opened on the same base only", () =>
  here(
    Effect.gen(function* () {
      const task = yield* taskOf(adapted)
      const own = yield* open(task)
      yield* own.update(TrainerState.initial, 0.1, [yield* batchOf(task)])
      const { adapter, weights } = yield* own.checkpoint
      expect(Object.keys(weights.parameters)).toEqual(["gain"])
      expect(adapter!.base).toMatch(/^[0-9a-f]{16}$/)
      const again = yield* open(task, { weights, adapter: adapter! })
      expect(yield* again.snapshot).toEqual(yield* own.snapshot)
      const other = yield* taskOf(adapted, 4)
      const error = yield* Effect.flip(open(other, { weights, adapter: adapter! }))
      expect(error).toMatchObject({ _tag: "WrongBaseModel", step: 0, expected: adapter!.base })
      expect(error).not.toHaveProperty("found", adapter!.base)
      // the adapter is no part of the base, and whole weights need no fingerprint
      expect((yield* (yield* open(other, { weights: yield* own.snapshot })).checkpoint).adapter!.base).not.toBe(adapter!.base)
      const whole = yield* open(yield* taskOf({ ...adapted, savedParameters: () => true }))
      expect(Object.keys((yield* whole.checkpoint).weights.parameters)).toHaveLength(3)
      const plain = yield* (yield* open(yield* taskOf(Tiny.model))).checkpoint
      expect(plain).not.toHaveProperty("adapter")
      expect(Object.keys(plain.weights.parameters)).toHaveLength(3)
    })
  )
)

it.effect("refuses a parameter that is trained and not saved, and an adapter's checkpoint for a whole model", () =>
  here(
    Effect.gen(function* () {
      const beyond = { ...(yield* taskOf(adapted)), trainable: (path: string) => path !== "lin.bias" }
      expect((yield* Effect.flip(open(beyond))).message).toMatch(
        /^lin\.weight is trained, and checkpoints hold the adapter alone/
      )
      const { adapter, weights } = yield* (yield* open(yield* taskOf(adapted))).checkpoint
      const error = yield* Effect.flip(open(yield* taskOf(Tiny.model), { weights, adapter: adapter! }))
      expect(error._tag).toBe("WrongCheckpoint")
      const partial = { ...weights, parameters: {} }
      expect((yield* Effect.flip(open(yield* taskOf(adapted), { weights: partial, adapter: adapter! })))._tag).toBe(
        "WrongCheckpoint"
      )
    })
  )
)

it.effect("completes an adapter's weights with the model's own others", () =>
  Effect.gen(function* () {
    const gain = HostTensor.scalar(9)
    const weights: HostWeights = { parameters: { gain }, buffers: {}, slots: {} }
    expect(yield* TrainingWeights.completed({ model: Tiny.model, seed: 3 }, weights)).toBe(weights)
    const { buffers, parameters } = yield* TrainingWeights.completed({ model: adapted, seed: 3 }, weights)
    expect(Object.keys(parameters)).toEqual(["lin.weight", "lin.bias", "gain"])
    expect([parameters.gain, buffers]).toEqual([gain, {}])
    const init = () => {
      throw new Error("no memory")
    }
    const error = yield* Effect.flip(TrainingWeights.initialWeights({ ...Tiny.model, init }, "" as never))
    expect(error.reason).toBe("The model's init failed: no memory")
  })
)

it.effect("keeps buffers in the model's order, frees what it replaces, and starts from given weights", () =>
  here(
    Effect.gen(function* () {
      const task = yield* taskOf(withBuffers)
      const { buffers, parameters, slots } = yield* (yield* open(task)).snapshot
      const reversed = Object.fromEntries(Object.entries(buffers).reverse())
      const again = yield* open(task, { weights: { parameters, buffers: reversed, slots } })
      const { numTensors } = tf.memory()
      expect(Object.keys((yield* again.snapshot).buffers)).toEqual(["b", "a"])
      yield* again.restore({ parameters, buffers: { a: HostTensor.scalar(5), b: HostTensor.scalar(6) }, slots: {} })
      expect(tf.memory().numTensors).toBe(numTensors)
      expect((yield* again.snapshot).buffers.a!.data[0]).toBe(5)
      const zero = { ...parameters, gain: { ...parameters.gain!, data: new Float32Array(3) } }
      const given = yield* (yield* open(task, { initial: { parameters: zero } })).snapshot
      expect([...given.parameters.gain!.data]).toEqual([0, 0, 0])
      expect(given.buffers).toEqual(buffers)
    })
  )
)

it.effect("names the step that fails, and the column in which its batch differs from the first", () =>
  here(
    Effect.gen(function* () {
      const task = yield* taskOf(Tiny.model)
      const weights = yield* open(task)
      const batch = yield* batchOf(task)
      const bad = { ...batch, tensors: { ...batch.tensors, x: HostTensor.zeros([2, 2]) } }
      const update = () => Effect.flip(weights.update({ ...TrainerState.initial, step: 4 }, 0.1, [bad]))
      const before = yield* update()
      expect(before._tag).not.toBe("DataError")
      expect(before).toMatchObject({ during: "step 5" })
      yield* weights.dryRun(batch)
      expect(yield* update()).toMatchObject({ _tag: "DataError", column: "x" })
    })
  )
)

it.effect("counts non-finite updates where a policy goes on, and a reset keeps the gradient norm", () =>
  here(
    Effect.gen(function* () {
      const task = yield* taskOf(Tiny.model)
      const batch = yield* batchOf(task)
      const labels = { ...batch.tensors.labels!, data: new Float32Array(2).fill(Number.NaN) }
      const bad = { ...batch, tensors: { ...batch.tensors, labels } }
      const weights = yield* open(task, {}, { nonFinite: "skip" })
      yield* weights.update({ ...TrainerState.initial, step: 5, loggedAt: 3 }, 0.1, [batch])
      const first = yield* weights.running
      yield* weights.update({ ...TrainerState.initial, step: 6, loggedAt: 3 }, 0.1, [bad])
      const second = yield* weights.running
      expect(second.loss).toBeCloseTo(first.loss * (1 + 1 / 4), 6)
      expect([first.nonFiniteUpdates, second.nonFiniteUpdates]).toEqual([0, 1])
      yield* weights.update({ ...TrainerState.initial, step: 7, loggedAt: 3 }, 0.1, [batch])
      const { gradNorm } = yield* weights.running
      yield* weights.reset
      expect(yield* weights.running).toEqual({ loss: 0, gradNorm, nonFiniteUpdates: 0, learningRate: 0.1 })
      expect(gradNorm).toBeGreaterThan(0)
    })
  )
)
