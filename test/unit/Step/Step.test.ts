import "@tensorflow/tfjs-backend-cpu"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Loss from "../../../src/Model/Loss.ts"
import * as Model from "../../../src/Model/Model.ts"
import * as Optimizers from "../../../src/Optimizer/Optimizers.ts"
import * as Reduction from "../../../src/Step/Reduction.ts"
import * as Step from "../../../src/Step/Step.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { type Tensors, tf } from "../../../src/Tensor/Tensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

/** y = w x, and a buffer that counts the micro-batches it saw. */
const line: Model.Model = {
  init: () => ({ w: HostTensor.scalar(1) }),
  apply: ({ w }, { x, y, items }, { buffers }) => {
    const logits = tf.mul(w!, x!)
    return {
      outputs: { logits },
      ...(y === undefined ? {} : { loss: { ...Loss.meanSquaredError(logits, y), ...(items === undefined ? {} : { items }) } }),
      buffers: { seen: tf.add(buffers.seen!, 1) }
    }
  }
}
const optimizer = Optimizers.sgd()

const run = (options: Partial<Step.Options>, batches: () => ReadonlyArray<Tensors>) => {
  const result = tf.tidy(() => {
    const parameters = { w: tf.scalar(1) }
    const buffers = { seen: tf.scalar(0), other: tf.scalar(5) }
    const micro = batches()
    const { weights, ...figures } = Step.make({ model: line, optimizer, ...options })({
      weights: { parameters, buffers, slots: {} },
      batches: micro,
      keys: micro.map(() => Key.make(0)),
      scalars: Tree.map(optimizer.scalars({ step: 0, learningRate: 0.1 }), (value) => tf.scalar(value))
    })
    return { ...weights.parameters, ...weights.buffers, ...figures }
  })
  const read = Tree.map(result, (tensor) => tensor.dataSync()[0]!)
  tf.dispose(result)
  return read
}
const vectors = (x: ReadonlyArray<number>, y: ReadonlyArray<number>) => ({ x: tf.tensor1d([...x]), y: tf.tensor1d([...y]) })

it("averages over terms, over micro-batches, or over the model's items", () => {
  // Micro-batches of 3 and 1 terms; squared errors 1 + 1 + 1 and 9; slopes 2 + 2 + 2 and 18.
  const batches = () => [vectors([1, 1, 1], [0, 0, 0]), vectors([3], [0])]
  expect(run({}, batches)).toMatchObject({ loss: 3, count: 4, gradNorm: 6, w: expect.closeTo(0.4, 6) })
  expect(run({ reduction: Reduction.perMicroBatch }, batches)).toMatchObject({
    loss: 5,
    count: 4,
    gradNorm: 10,
    w: expect.closeTo(0, 6)
  })
  expect(run({ reduction: Reduction.trainer }, batches)).toMatchObject({
    loss: 5,
    count: 4,
    gradNorm: 10,
    w: expect.closeTo(0, 6)
  })
  const counted = () => batches().map((batch, i) => ({ ...batch, items: tf.scalar(i === 0 ? 4 : 2) }))
  expect(run({ reduction: Reduction.trainer }, counted)).toMatchObject({
    loss: 2,
    count: 4,
    gradNorm: 4,
    w: expect.closeTo(0.6, 6)
  })
})

it("carries buffers from micro-batch to micro-batch, and copies those that are unchanged", () => {
  expect(run({}, () => [vectors([1], [0]), vectors([1], [0]), vectors([1], [0])])).toMatchObject({ seen: 3, other: 5 })
})

it("reports a batch without labels by its fields, and leaks nothing", () => {
  const step = () => run({}, () => [{ x: tf.tensor1d([1]), label: tf.tensor1d([1]) }])
  expect(step).toThrow(Model.NoLoss)
  expect(step).toThrow(
    "The model gives no loss for a batch of x, label. Its labels must be among them, under the name that the model looks for."
  )
})

it("a micro-batch without a counted label adds nothing under perToken, and an update without any leaves the weights", () => {
  const classes: Model.Model = {
    ...line,
    apply: ({ w }, { x, labels }) => ({
      outputs: {},
      loss: Loss.crossEntropy(tf.mul(tf.expandDims(x!, 1), tf.stack([w!, tf.zerosLike(w!)])), labels!)
    })
  }
  const batch = (labels: ReadonlyArray<number>) => ({ x: tf.ones([labels.length]), labels: tf.tensor1d([...labels], "int32") })
  const { loss, gradNorm, count } = run({ model: classes }, () => [batch([1, 0])])
  expect(run({ model: classes }, () => [batch([-100, -100, -100]), batch([1, 0])])).toMatchObject({ loss, gradNorm, count })
  expect(run({ model: classes }, () => [batch([-100])])).toMatchObject({ loss: 0, gradNorm: 0, w: 1 })
})
