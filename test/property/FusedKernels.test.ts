/** Laws of the fused kernels of wasm: each computes what the composition of operations does that runs on devices without it. */
import { beforeAll, describe, expect, it } from "@effect/vitest"
import * as Activation from "../../src/Model/Activation.ts"
import * as LayerNorm from "../../src/Model/LayerNorm.ts"
import * as Clip from "../../src/Optimizer/Clip.ts"
import * as Optimizers from "../../src/Optimizer/Optimizers.ts"
import { dropout } from "../../src/Tensor/Dropout.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensor, type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import { variants } from "../support/wasmKernels.ts"

const key = Key.make(5)
const normal = (name: string, shape: ReadonlyArray<number>): Tensor =>
  HostTensor.toDevice({ x: Random.normal(Key.fold(key, name), shape) }).x!

for (const { variant, without, start } of variants) {
  describe(`fused kernels (${variant})`, () => {
    beforeAll(start)

    it("AdamW moves parameters and slots bit for bit as the chain of its links", () => {
      for (const [options, maxStep] of [
        [{}, 3],
        [{ weightDecay: 0, beta1: 0.8, beta2: 0.95, epsilon: 1e-6 }, 2],
        [{ weightDecay: 0.3, decays: (path: string) => path === "odd.weight" }, 2]
      ] as const) {
        const optimizer = Optimizers.adamw(options)
        const shapes = { "fc.weight": [5, 8], "fc.bias": [7], "odd.weight": [3, 3, 3], one: [] }
        let parameters: Tensors = Object.fromEntries(Object.entries(shapes).map(([path, shape]) => [path, normal(path, shape)]))
        let slots = optimizer.init(parameters)
        for (let step = 0; step < maxStep; step++) {
          const gradients = Object.fromEntries(
            Object.entries(shapes).map(([path, shape]) => [path, normal(`${path}${step}`, shape)])
          )
          const scalars = Object.fromEntries(
            Object.entries(optimizer.scalars({ step, learningRate: 1e-2 })).map(([name, value]) => [name, tf.scalar(value)])
          )
          const factor = tf.scalar(0.37)
          const input = { gradients, parameters, slots, scalars }
          const fused = optimizer.fused!({ ...input, factor })!
          const scaled = Object.fromEntries(Object.entries(gradients).map(([path, g]) => [path, tf.mul(g, factor)]))
          const composed = optimizer.update({ ...input, gradients: scaled })
          for (const [path, update] of Object.entries(composed.updates))
            expect(fused.parameters[path]!.dataSync()).toEqual(tf.add(parameters[path]!, update).dataSync())
          expect(Object.keys(fused.slots).sort()).toEqual(Object.keys(composed.slots).sort())
          for (const [name, slot] of Object.entries(composed.slots))
            expect(fused.slots[name]!.dataSync()).toEqual(slot.dataSync())
          ;({ parameters, slots } = fused)
        }
      }
    })

    it("AdamW leaves the composition to run with amsgrad", () => {
      const optimizer = Optimizers.adamw({ amsgrad: true })
      const parameters = { w: normal("w", [4]) }
      const scalars = Object.fromEntries(
        Object.entries(optimizer.scalars({ step: 0, learningRate: 1 })).map(([name, value]) => [name, tf.scalar(value)])
      )
      const input = { gradients: parameters, parameters, slots: optimizer.init(parameters), scalars, factor: tf.scalar(1) }
      expect(optimizer.fused!(input)).toBeUndefined()
    })

    it("dropout drops the same elements with the same factor as the host's mask", () => {
      for (const [shape, rate] of [
        [[1], 0.5],
        [[3], 0.1],
        [[5, 13], 0.3],
        [[4, 4, 17], 0.999],
        [[1021], 1e-7],
        [[0, 3], 0.5]
      ] as const) {
        for (const seed of [0, 7, -3]) {
          const key = Key.fold(Key.make(seed), "site")
          const mask = () => dropout(tf.ones([...shape]), rate, key).dataSync()
          expect(mask()).toEqual(without(mask))
        }
      }
    })

    it("LayerNorm and its gradients equal the composition", () => {
      for (const [rows, columns] of [
        [1, 1],
        [1, 4],
        [3, 5],
        [70, 30],
        [130, 256]
      ] as const) {
        const parameters = { "n.weight": normal("weight", [columns]), "n.bias": normal("bias", [columns]) }
        const [x, dy] = [normal(`x${columns}`, [rows, columns]), normal("dy", [rows, columns])]
        const f = () =>
          tf
            .grads((x: Tensor, weight: Tensor, bias: Tensor) =>
              tf.sum(tf.mul(LayerNorm.apply({ "n.weight": weight, "n.bias": bias }, "n", x), dy))
            )([x, parameters["n.weight"], parameters["n.bias"]])
            .concat(LayerNorm.apply(parameters, "n", x))
        expectClose(f(), without(f), 3e-5)
      }
    })

    it("GELU in both forms and their gradients equal the composition", () => {
      for (const activation of [Activation.gelu, Activation.geluTanh])
        for (const n of [1, 3, 4, 1001]) {
          const x = tf.mul(normal(`gelu${n}`, [n]), 3)
          const f = () => [activation(x), tf.grad((x: Tensor) => tf.sum(activation(x)))(x)]
          expectClose(f(), without(f), 2e-6)
        }
    })

    it("GELU and LayerNorm pass on NaN, and the tails of GELU are 0 and x", () => {
      for (const activation of [Activation.gelu, Activation.geluTanh]) {
        const [nan, high, low] = activation(tf.tensor1d([Number.NaN, 1e4, -1e4])).dataSync()
        expect(nan).toBeNaN()
        expect(high).toBe(1e4)
        expect(low).toBeCloseTo(0)
      }
      const parameters = { "n.weight": tf.ones([3]), "n.bias": tf.zeros([3]) }
      const y = LayerNorm.apply(parameters, "n", tf.tensor2d([1, Number.NaN, 3, 1, 2, 3], [2, 3])).dataSync()
      expect([...y.subarray(0, 3)]).toEqual([Number.NaN, Number.NaN, Number.NaN])
      expect(y.subarray(3).every(Number.isFinite)).toBe(true)
    })

    it("the global norm is that of float64, and NaN when a number is", () => {
      const tensors = { a: normal("a", [1000]), b: normal("b", [3, 7]), c: normal("c", []) }
      const exact = Math.sqrt(
        Object.values(tensors).reduce((sum, x) => (x.dataSync() as Float32Array).reduce((s, v) => s + v * v, sum), 0)
      )
      expect(Math.abs(Clip.globalNorm(tensors).dataSync()[0]! / exact - 1)).toBeLessThan(1e-6)
      expect(Clip.globalNorm({ ...tensors, d: tf.tensor1d([1, Number.NaN]) }).dataSync()[0]).toBeNaN()
      expect(Clip.globalNorm({ ...tensors, d: tf.tensor1d([Number.NEGATIVE_INFINITY]) }).dataSync()[0]).toBe(
        Number.POSITIVE_INFINITY
      )
      expect(Clip.globalNorm({}).dataSync()[0]).toBe(0)
    })
  })
}

/** Relative to the largest number of each tensor, or to 1. */
const expectClose = (found: ReadonlyArray<Tensor>, expected: ReadonlyArray<Tensor>, tolerance: number) => {
  expect(found.length).toBe(expected.length)
  found.forEach((tensor, i) => {
    expect(tensor.shape).toEqual(expected[i]!.shape)
    const [a, b] = [tensor.dataSync(), expected[i]!.dataSync()] as [Float32Array, Float32Array]
    const largest = b.reduce((m, x) => Math.max(m, Math.abs(x)), 1)
    a.forEach((x, j) => {
      expect(Math.abs(x - b[j]!) / largest).toBeLessThan(tolerance)
    })
  })
}
