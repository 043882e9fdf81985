import "@tensorflow/tfjs-backend-cpu"
import { Result } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Dense from "../../../src/Model/Dense.ts"
import * as Loss from "../../../src/Model/Loss.ts"
import * as Model from "../../../src/Model/Model.ts"
import * as Parameters from "../../../src/Model/Parameters.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { type Tensors, tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const linear = Model.make({
  inputs: ["x"],
  labels: ["y"],
  init: Parameters.make({ lin: Dense.init({ inputs: 2, outputs: 1 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
  loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
})
const context = { training: true, key: Key.make(0), buffers: {} }

const check = (model: Model.Model, batch: () => Tensors, parameters = () => HostTensor.toDevice(linear.init(Key.make(0)))) => {
  const input = { parameters: parameters(), buffers: {}, batch: batch(), key: Key.make(0) }
  const before = tf.memory().numTensors
  const result = Model.check(model, input)
  expect(tf.memory().numTensors).toBe(before)
  tf.dispose(input.parameters)
  tf.dispose(input.batch)
  return Result.isFailure(result) ? result.failure.message : "fits"
}
const batch = () => ({ x: tf.zeros([3, 2]), y: tf.zeros([3]) })

it("is the linear model of the golden data in a few lines", () => {
  tf.tidy(() => {
    const parameters = { "lin.weight": tf.tensor2d([[2, 3]]), "lin.bias": tf.tensor1d([1]) }
    const given = { x: tf.tensor2d([[1, 1]]), y: tf.tensor1d([4]) }
    const { outputs, loss } = linear.apply(parameters, given, context)
    expect(outputs.logits!.arraySync()).toEqual([[6]])
    expect(loss!.sum.dataSync()[0]).toBe(4)
  })
})

it("gives outputs and no loss where a label is missing", () => {
  tf.tidy(() => {
    const { outputs, loss } = linear.apply(HostTensor.toDevice(linear.init(Key.make(0))), { x: tf.zeros([3, 2]) }, context)
    expect(outputs.logits!.shape).toEqual([3, 1])
    expect(loss).toBeUndefined()
  })
})

it("check passes what fits", () => expect(check(linear, batch)).toBe("fits"))

it("check names a missing field and what is there", () => {
  expect(check(linear, () => ({ image: tf.zeros([3, 2]), y: tf.zeros([3]) }))).toBe(
    'The model looks for "x" in the batch, which has image, y.'
  )
  expect(check(linear, () => ({ x: tf.zeros([3, 2]), label: tf.zeros([3]) }))).toContain("no loss for a batch of x, label")
})

it("check names a missing parameter", () => {
  expect(check(linear, batch, () => ({ "linear.weight": tf.zeros([1, 2]) }))).toBe(
    'The model looks for "lin.weight" in the parameters, which have linear.weight.'
  )
})

it("check finds what a model written by hand read in vain", () => {
  const hand: Model.Model = { ...linear, apply: (_, fields) => ({ outputs: { logits: tf.square(fields.pixels!) } }) }
  expect(check(hand, batch)).toBe('The model looks for "pixels" in the batch, which has x, y.')
  const optional: Model.Model = {
    ...linear,
    apply: (parameters, fields, at) => (fields.mask === undefined ? linear.apply(parameters, fields, at) : { outputs: {} })
  }
  expect(check(optional, batch)).toBe("fits")
})

it("check says on which shapes the model's own code fails", () => {
  const reads: Model.Model = {
    ...linear,
    apply: (all, fields, at) => (fields.mask ? { outputs: {} } : linear.apply(all, fields, at))
  }
  expect(check(reads, () => ({ x: tf.zeros([3, 5]), y: tf.zeros([3]) }))).toMatch(/^The model fails on .*matMul/)
  expect(check(linear, () => ({ x: tf.zeros([3, 5]), y: tf.zeros([3]) }))).toMatch(
    /^The model fails on a batch of x \[3,5\], y \[3\]: .*matMul/
  )
})
