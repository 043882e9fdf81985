/** The layers: shapes, layouts, and gradients in closed form against those that TensorFlow.js derives. */
import "@tensorflow/tfjs-backend-cpu"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Conv2d from "../../../src/Model/Conv2d.ts"
import * as Dense from "../../../src/Model/Dense.ts"
import * as Dropout from "../../../src/Model/Dropout.ts"
import * as Embedding from "../../../src/Model/Embedding.ts"
import * as LayerNorm from "../../../src/Model/LayerNorm.ts"
import * as Parameters from "../../../src/Model/Parameters.ts"
import * as Pool from "../../../src/Model/Pool.ts"
import * as Gradients from "../../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"
import { type Tensor, type Tensors, tf } from "../../../src/Tensor/Tensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const key = Key.make(7)
const random = (name: string, shape: ReadonlyArray<number>): Tensor =>
  HostTensor.toDevice({ it: Random.normal(Key.fold(key, name), shape) }).it!
const onDevice = (init: Parameters.Initializer) => HostTensor.toDevice(Parameters.make({ it: init })(key))
const expectClose = (found: Tensor, expected: Tensor, within = 1e-5) => {
  expect(found.shape).toEqual(expected.shape)
  expect(tf.max(tf.abs(tf.sub(found, expected))).dataSync()[0]).toBeLessThanOrEqual(within)
}
const inTidy = (name: string, f: () => void) => it(name, () => void tf.tidy(f))

describe("layouts", () => {
  inTidy("a dense layer computes the same from both", () => {
    const x = random("x", [2, 3, 4])
    const options = { inputs: 4, outputs: 5 }
    const torch = onDevice(Dense.init(options))
    const other = onDevice(Dense.init({ ...options, layout: "tensorflow" }))
    expect([torch["it.weight"]!.shape, other["it.weight"]!.shape]).toEqual([
      [5, 4],
      [4, 5]
    ])
    const y = Dense.apply(torch, "it", x)
    expect(y.shape).toEqual([2, 3, 5])
    expectClose(Dense.apply(other, "it", x, { layout: "tensorflow" }), y)
  })

  inTidy("a convolution computes the same from both", () => {
    const x = random("x", [2, 6, 5, 3])
    const options = { inputs: 3, outputs: 4, kernel: [3, 2] as const }
    const torch = onDevice(Conv2d.init(options))
    const other = onDevice(Conv2d.init({ ...options, layout: "tensorflow" }))
    expect([torch["it.weight"]!.shape, other["it.weight"]!.shape]).toEqual([
      [4, 3, 3, 2],
      [3, 2, 3, 4]
    ])
    const y = Conv2d.apply(torch, "it", x)
    expect(y.shape).toEqual([2, 6, 5, 4])
    expectClose(Conv2d.apply(other, "it", x, { layout: "tensorflow" }), y)
  })

  inTidy("a layer may have no bias", () => {
    const parameters = onDevice(Dense.init({ inputs: 2, outputs: 2, bias: false }))
    expect(Object.keys(parameters)).toEqual(["it.weight"])
    expect(Dense.apply(parameters, "it", tf.zeros([1, 2])).arraySync()).toEqual([[0, 0]])
  })
})

it("initial weights depend on the seed and the path, and keep within 1/sqrt(inputs)", () => {
  const init = Parameters.make({ a: Dense.init({ inputs: 16, outputs: 8 }), b: Dense.init({ inputs: 16, outputs: 8 }) })
  const { "a.weight": a, "b.weight": b } = init(key)
  expect(a).not.toEqual(b)
  expect(init(Key.make(8))["a.weight"]).not.toEqual(a)
  expect(Parameters.make({ b: Dense.init({ inputs: 16, outputs: 8 }) })(key)["b.weight"]).toEqual(b)
  const largest = Math.max(...Array.from(a!.data, Math.abs))
  expect(largest).toBeLessThanOrEqual(0.25)
  expect(largest).toBeGreaterThan(0.2)
})

inTidy("layer norm and its gradients equal the derived ones", () => {
  const parameters: Tensors = { x: random("x", [2, 3, 5]), "it.weight": random("w", [5]), "it.bias": random("b", [5]) }
  const target = random("t", [2, 3, 5])
  const loss = (norm: (p: Tensors) => Tensor) =>
    Gradients.valueAndGrads((p) => ({ loss: tf.sum(tf.mul(norm(p), target)), aux: { y: norm(p) } }), parameters)
  const ours = loss((p) => LayerNorm.apply(p, "it", p.x!, { epsilon: 1e-3 }))
  const derived = loss((p) => {
    const { mean, variance } = tf.moments(p.x!, -1, true)
    return tf.add(tf.mul(tf.div(tf.sub(p.x!, mean), tf.sqrt(tf.add(variance, 1e-3))), p["it.weight"]!), p["it.bias"]!)
  })
  expectClose(ours.aux.y!, derived.aux.y!)
  Tree.zip(ours.gradients, derived.gradients, (a, b) => expectClose(a, b))
})

inTidy("an embedding looks up rows, and its gradient adds up repeated ones", () => {
  const parameters = onDevice(Embedding.init({ size: 4, dimensions: 2 }))
  const ids = tf.tensor2d([[1, 3, 1]], [1, 3], "int32")
  const { gradients, aux } = Gradients.valueAndGrads((p) => {
    const y = Embedding.apply(p, "it", ids)
    return { loss: tf.sum(y), aux: { y } }
  }, parameters)
  expect(aux.y.shape).toEqual([1, 3, 2])
  expect(gradients["it.weight"]!.arraySync()).toEqual([
    [0, 0],
    [2, 2],
    [0, 0],
    [1, 1]
  ])
})

inTidy("looking up the pad token teaches its row nothing", () => {
  const parameters = onDevice(Embedding.init({ size: 3, dimensions: 1 }))
  const ids = tf.tensor2d([[1, 2, 1, 0]], [1, 4], "int32")
  const { gradients, aux } = Gradients.valueAndGrads((p) => {
    const y = Embedding.apply(p, "it", ids, undefined, 1)
    return { loss: tf.sum(y), aux: { y } }
  }, parameters)
  expectClose(aux.y, Embedding.apply(parameters, "it", ids))
  expect(gradients["it.weight"]!.arraySync()).toEqual([[1], [0], [1]])
})

inTidy("pools take the largest or the mean of a window, and flatten keeps the rows", () => {
  const x = tf.tensor4d([1, 2, -3, 8], [1, 2, 2, 1])
  expect(Pool.max(x, 2).dataSync()[0]).toBe(8)
  expect(Pool.mean(x, 2).dataSync()[0]).toBe(2)
  expect(Pool.flatten(tf.zeros([3, 2, 2, 5])).shape).toEqual([3, 20])
})

inTidy("dropout is active in training only, and keyed by micro-batch and site", () => {
  const x = tf.ones([64])
  const context = { training: true, key, buffers: {} }
  const at = (site: string, from = context) => [...Dropout.apply(from, site, x, 0.5).dataSync()]
  expect(new Set(at("a"))).toEqual(new Set([0, 2]))
  expect(at("a")).toEqual(at("a"))
  expect(at("a")).not.toEqual(at("b"))
  expect(at("a")).not.toEqual(at("a", { ...context, key: Key.make(8) }))
  expect(Dropout.apply({ ...context, training: false }, "a", x, 0.5)).toBe(x)
})
