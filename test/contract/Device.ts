/** The contract of a device: `suite(name, layer)` runs on each Layer of the service. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device, DeviceError, type DeviceUnavailable } from "../../src/Layer/Device/Device.ts"
import * as KernelCheck from "../../src/Layer/Device/KernelCheck.ts"
import { dropout } from "../../src/Tensor/Dropout.ts"
import { valueAndGrads } from "../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import { differentiable, fused, gradientsOf, inputsOf } from "./DeviceCases.ts"
import { type Forward, forward, outOfRange } from "./DeviceForward.ts"

const tolerance = 2e-5

/** Recorded from TensorFlow (scripts/record-philox.py). */
const recorded: {
  readonly cases: ReadonlyArray<{ readonly seed: readonly [number, number]; readonly bits: ReadonlyArray<number> }>
} = JSON.parse(readFileSync(new URL("../unit/Tensor/philox.json", import.meta.url), "utf8"))

export const suite = (name: string, layer: Layer.Layer<Device, DeviceUnavailable>): void => {
  const on = <A, E>(effect: Effect.Effect<A, E, Device>) => Effect.provide(effect, layer, { local: true })

  describe(`Device ${name}`, () => {
    it.effect("copies each dtype to the device and back, without sharing memory", () =>
      on(
        Effect.gen(function* () {
          const device = yield* Device
          const before = yield* device.memory
          const tensors = {
            float: HostTensor.fromArray([
              [1.5, -2],
              [0, 4]
            ]),
            int: HostTensor.fromArray([1, -(2 ** 31), 2 ** 31 - 1], "int32"),
            bool: HostTensor.fromArray([[1], [0]], "bool"),
            scalar: HostTensor.scalar(3),
            empty: HostTensor.zeros([0, 3])
          }
          const put = yield* device.put(tensors)
          expect((yield* device.memory).tensors).toBe(before.tensors + 5)
          // The device shares memory neither with its inputs nor with its outputs.
          const given = tensors.float.data.slice()
          tensors.float.data.fill(99)
          const read = yield* device.read(put)
          expect(read.float!.data).toEqual(given)
          read.float!.data.fill(99)
          tensors.float.data.set(given)
          expect(yield* device.read(put)).toEqual(tensors)
          yield* device.dispose(put)
          expect(yield* device.memory).toEqual(before)
        })
      )
    )

    it.effect("frees the tensors of a computation except those it returns", () =>
      on(
        Effect.gen(function* () {
          const device = yield* Device
          const before = yield* device.memory
          const result = yield* device.run("test", () => ({ y: tf.add(tf.mul(tf.ones([2]), 3), 1) }))
          expect((yield* device.memory).tensors).toBe(before.tensors + 1)
          expect((yield* device.read(result)).y).toEqual(HostTensor.fromArray([4, 4]))
          yield* device.dispose(result)
          expect(yield* device.memory).toEqual(before)
        })
      )
    )

    it.effect("fails with a typed error that names the operation, and leaks nothing", () =>
      on(
        Effect.gen(function* () {
          const device = yield* Device
          const before = yield* device.memory
          const fail = (f: () => unknown) => Effect.flip(device.run("step 12", f))
          const shapes = yield* fail(() => tf.add(tf.ones([2, 3]), tf.ones([4])))
          expect(shapes).toBeInstanceOf(DeviceError)
          expect(shapes.message).toMatch(/^step 12 failed on device \w+: /)
          const inGradient = yield* fail(() =>
            valueAndGrads((p) => ({ loss: tf.sum(tf.matMul(tf.square(p.w!), tf.ones([3, 3]))), aux: {} }), { w: tf.ones([2, 2]) })
          )
          expect(inGradient.reason).toMatch(/inner/i)
          const promise = yield* fail(() => Promise.resolve(1))
          expect(promise.reason).toContain("synchronous")
          const ragged = yield* Effect.flip(
            device.put({ ok: HostTensor.ones([2]), bad: { ...HostTensor.ones([2]), shape: [3] } })
          )
          expect(ragged.reason).toContain("bad")
          expect(yield* device.memory).toEqual(before)
          expect(tf.engine().state.gradientDepth).toBe(0)
        })
      )
    )

    it.effect("computes the same bits twice", () =>
      on(
        Effect.gen(function* () {
          const device = yield* Device
          const once = device.run("train", train).pipe(
            Effect.tap(() => Effect.void),
            Effect.flatMap((weights) => Effect.tap(device.read(weights), () => device.dispose(weights)))
          )
          const [first, second] = [yield* once, yield* once]
          expect(Object.keys(first)).toEqual(["w", "b", "embedding", "filter"])
          expect(Object.values(first).every(({ data }) => data.every(Number.isFinite))).toBe(true)
          for (const path of Object.keys(first)) expect(HostTensor.equals(first[path]!, second[path]!)).toBe(true)
        })
      )
    )

    it.effect("has TensorFlow's random numbers, bit for bit, also in dropout", () =>
      on(
        Effect.gen(function* () {
          const device = yield* Device
          for (const { seed, bits } of recorded.cases) {
            const key = { hi: seed[0] >>> 0, lo: seed[1] >>> 0 }
            const put = yield* device.put({ uniform: Random.uniform(key, [bits.length]) })
            const { uniform } = yield* device.read(put)
            expect([...new Uint32Array(uniform!.data.buffer)]).toEqual(bits)
            const dropped = yield* device.run("dropout", () => ({ x: dropout(tf.ones([bits.length]), 0.5, key) }))
            const { x } = yield* device.read(dropped)
            expect([...x!.data]).toEqual([...uniform!.data].map((u) => (u < 0.5 ? 0 : 2)))
            yield* device.dispose({ ...put, ...dropped })
          }
        })
      )
    )

    it.effect("returns the kernels of a computation, and fails for a missing one", () =>
      on(
        Effect.gen(function* () {
          const device = yield* Device
          const before = yield* device.memory
          const needed = yield* KernelCheck.trace("a step", train)
          expect([...needed].filter((kernel) => !device.kernels.has(kernel))).toEqual([])
          expect(needed).toContain("BatchMatMul")
          const missing = yield* Effect.flip(
            KernelCheck.trace("a step", () => tf.engine().runKernel("Nonesuch", {}) as tf.Tensor)
          )
          expect(missing).toBeInstanceOf(KernelCheck.KernelMissing)
          expect(missing.message).toContain("Nonesuch")
          expect(yield* device.memory).toEqual(before)
        })
      )
    )

    it.effect.each(differentiable)("equals the reference in value and gradients of $name", (test) =>
      Effect.gen(function* () {
        const compute = measured(() => gradientsOf(test, inputsOf(test)))
        compare(yield* Effect.provide(compute, Cpu.layer, { local: true }), yield* on(compute))
      })
    )

    it.effect.each(fused)("equals the reference in the value of $name", (test) =>
      Effect.gen(function* () {
        const compute = measured(() => ({ value: test.f(...Object.values(HostTensor.toDevice(inputsOf(test)))) }))
        compare(yield* Effect.provide(compute, Cpu.layer, { local: true }), yield* on(compute))
      })
    )

    it.effect.each(forward)("equals the reference in the result of $name", (test) =>
      Effect.gen(function* () {
        const compute = Effect.result(measured(() => resultsOf(test)))
        const [expected, found] = [yield* Effect.provide(compute, Cpu.layer, { local: true }), yield* on(compute)]
        // Some operations refuse some dtypes, everywhere.
        if (expected._tag === "Failure") expect(found._tag).toBe("Failure")
        else same(expected.success, found._tag === "Failure" ? yield* found.failure : found.success)
      })
    )

    it.effect("refuses indices out of range, or returns zeros for them", () =>
      on(
        Effect.gen(function* () {
          for (const test of outOfRange) {
            const result = yield* Effect.result(measured(() => resultsOf(test)))
            if (result._tag === "Failure") expect(result.failure, test.name).toBeInstanceOf(DeviceError)
            else
              for (const { data } of Object.values(result.success)) expect([...data.subarray(3)].every((x) => x === 0)).toBe(true)
          }
        })
      )
    )
  })
}

/** Runs a forward case on a heap that is full of other numbers. */
const resultsOf = ({ inputs, f }: Forward): Tensors => {
  for (let size = 1; size <= 256; size *= 2) tf.fill([size], 777.5).dispose()
  const tensors = HostTensor.toDevice(Object.fromEntries(inputs.map((input, i) => [`x${i}`, input])))
  const result = f(...Object.values(tensors))
  return Object.fromEntries((result instanceof tf.Tensor ? [result] : result).map((tensor, i) => [`y${i}`, tensor]))
}

/** Equal dtypes and shapes; integers to the bit, and floats nearly so, with NaN and infinities in their places. */
const same = (expected: HostTensor.HostTensors, found: HostTensor.HostTensors): void => {
  expect(Object.keys(found)).toEqual(Object.keys(expected))
  for (const [path, { dtype, shape, data }] of Object.entries(expected)) {
    const got = found[path]!
    expect({ path, dtype: got.dtype, shape: got.shape }).toEqual({ path, dtype, shape })
    const close = (x: number, y: number) =>
      Object.is(x, y) || x === y || (dtype === "float32" && Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(x)))
    const at = data.findIndex((x, i) => !close(x, got.data[i]!))
    expect(at === -1 ? "same" : `${path}[${at}]: ${data[at]} and ${got.data[at]}`).toBe("same")
  }
}

/** Runs a computation and reads its result; nothing may be left behind, neither tensors nor the backend's data. */
const measured = Effect.fn(function* (f: () => Tensors) {
  const device = yield* Device
  const before = alive()
  const result = yield* device.run("a case", f)
  const host = yield* device.read(result)
  yield* device.dispose(result)
  expect(alive()).toEqual(before)
  return host
})

/** Tensors, and data on the device and on the cpu, where it may send its work. */
const alive = () => [tf.memory().numTensors, tf.engine().backend.numDataIds(), tf.findBackend("cpu").numDataIds()]

const compare = (expected: HostTensor.HostTensors, found: HostTensor.HostTensors): void => {
  expect(Object.keys(found)).toEqual(Object.keys(expected))
  for (const [path, { shape, data: values }] of Object.entries(expected)) {
    const data = [...values]
    const got = found[path]!
    expect(got.shape).toEqual(shape)
    const scale = data.reduce((top, x) => Math.max(top, Math.abs(x)), 1)
    const worst = data.reduce((top, x, i) => Math.max(top, Math.abs(x - got.data[i]!)), 0)
    expect(worst, path).toBeLessThanOrEqual(tolerance * scale)
    expect(data.every(Number.isFinite)).toBe(true)
    expect(got.data.every(Number.isFinite)).toBe(true)
  }
}

/** A few steps of a small model with an embedding, a convolution, pooling, dropout and attention-like products. */
const train = (): Tensors => {
  const x = HostTensor.toDevice({ x: Random.normal(Key.make(1), [16, 20]) }).x!
  const ids = tf.tensor1d(
    Array.from({ length: 16 }, (_, i) => (i * 7) % 5),
    "int32"
  )
  let weights: Tensors = HostTensor.toDevice({
    w: Random.normal(Key.make(2), [20, 32]),
    b: HostTensor.zeros([32]),
    embedding: Random.normal(Key.make(3), [5, 32]),
    filter: Random.normal(Key.make(4), [3, 3, 1, 2])
  })
  for (let step = 0; step < 5; step++) {
    const loss = (p: Tensors) => {
      const hidden = tf.add(tf.tanh(tf.add(tf.matMul(x, p.w!), p.b!)), tf.gather(p.embedding!, ids))
      const dropped = dropout(hidden, 0.2, Key.fold(Key.make(5), step))
      const scores = tf.matMul(tf.softmax(tf.matMul(dropped, dropped, false, true)), dropped)
      const image = tf.reshape(scores, [1, 16, 32, 1]) as tf.Tensor4D
      const pooled = tf.maxPool(tf.conv2d(image, p.filter as tf.Tensor4D, 1, "same"), 3, 2, "same")
      return { loss: tf.mean(tf.square(pooled)), aux: {} }
    }
    const { gradients } = valueAndGrads(loss, weights)
    weights = Object.fromEntries(Object.entries(weights).map(([path, w]) => [path, tf.sub(w, tf.mul(gradients[path]!, 0.1))]))
  }
  return weights
}
