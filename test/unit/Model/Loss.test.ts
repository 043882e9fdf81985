import "@tensorflow/tfjs-backend-cpu"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Loss from "../../../src/Model/Loss.ts"
import type { Loss as Sum } from "../../../src/Model/Model.ts"
import * as Gradients from "../../../src/Tensor/Gradients.ts"
import { type Tensor, tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

/** A loss's sum, count and gradient, read. */
const evaluate = (shape: [number, number], values: ReadonlyArray<number>, loss: (x: Tensor) => Sum) => {
  const result = tf.tidy(() => {
    const x = tf.tensor2d([...values], shape)
    const found = Gradients.valueAndGrads(
      ({ x }) => {
        const { sum, count } = loss(x!)
        return { loss: sum, aux: { count } }
      },
      { x }
    )
    return { sum: found.loss, count: found.aux.count!, slope: found.gradients.x! }
  })
  const read = { sum: result.sum.dataSync()[0]!, count: result.count.dataSync()[0]!, slope: [...result.slope.dataSync()] }
  tf.dispose(result)
  return read
}

/** Central differences of a function in float64. */
const slopeOf = (f: (values: ReadonlyArray<number>) => number, values: ReadonlyArray<number>) =>
  values.map((value, i) => (f(values.with(i, value + 1e-5)) - f(values.with(i, value - 1e-5))) / 2e-5)

const expectClose = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>, within = 1e-5) => {
  expect(found).toHaveLength(expected.length)
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!), `[${i}]`).toBeLessThanOrEqual(within)
  })
}

const logits = [0.3, -1.2, 2, 0.5, 0.1, -0.7, 1.5, -2.5, 0.25, 0.6, -0.4, 1.1]
const labels = [2, -100, 0, 1]
const int = (values: ReadonlyArray<number>) => tf.tensor1d([...values], "int32")
const crossEntropyIn64 = (smoothing: number) => (values: ReadonlyArray<number>) =>
  labels.reduce((sum, label, row) => {
    if (label < 0) return sum
    const z = values.slice(3 * row, 3 * row + 3)
    const log = Math.log(z.reduce((total, value) => total + Math.exp(value), 0))
    const mean = z.reduce((total, value) => total + value, 0) / 3
    return sum + log - (1 - smoothing) * z[label]! - smoothing * mean
  }, 0)

it.each([0, 0.1])("crossEntropy and its gradient equal float64, smoothing %d", (labelSmoothing) => {
  const { sum, count, slope } = evaluate([4, 3], logits, (x) => Loss.crossEntropy(x, int(labels), { labelSmoothing }))
  expectClose([sum, count], [crossEntropyIn64(labelSmoothing)(logits), 3])
  expectClose(slope, slopeOf(crossEntropyIn64(labelSmoothing), logits))
})

it.each([0, 0.1])("crossEntropy with weights is PyTorch's weighted mean, ignored labels left out, smoothing %d", (smoothing) => {
  const weights = [0.5, 0, 3]
  const parts = (values: ReadonlyArray<number>) =>
    labels.flatMap((label, row) => {
      if (label < 0) return []
      const z = values.slice(3 * row, 3 * row + 3)
      const log = Math.log(z.reduce((total, value) => total + Math.exp(value), 0))
      const spread = weights.reduce((sum, weight, k) => sum + weight * (log - z[k]!), 0) / 3
      return [(1 - smoothing) * weights[label]! * (log - z[label]!) + smoothing * spread]
    })
  const total = (values: ReadonlyArray<number>) => parts(values).reduce((sum, part) => sum + part, 0)
  const found = evaluate([4, 3], logits, (x) =>
    Loss.crossEntropy(x, int(labels), { weights, labelSmoothing: smoothing, ignoreIndex: -100 })
  )
  expectClose([found.sum, found.count], [total(logits), 3.5])
  expectClose(found.slope, slopeOf(total, logits))
})

it("crossEntropy with weights leaves out an ignored class, and keeps a label that is no class NaN", () => {
  const of = (all: ReadonlyArray<number>, ignoreIndex: number) =>
    evaluate([4, 3], logits, (x) => Loss.crossEntropy(x, int(all), { weights: [1, 2, 4], ignoreIndex }))
  expect(of([2, 1, 0, 1], 1)).toEqual(of([2, -100, 0, -100], -100))
  expect(of([2, 1, 0, 1], 1).count).toBe(5)
  expect(of([2, 3, 0, 1], -100).sum).toBeNaN()
})

it.each([[[1, 2]], [[1, 2, -1]], [[1, 2, Number.NaN]]])("crossEntropy refuses the weights %j of three classes", (weights) => {
  tf.tidy(() => {
    expect(() => Loss.crossEntropy(tf.zeros([1, 3]), int([0]), { weights })).toThrow(
      `crossEntropy: the weights [${weights.join(", ")}] do not go with 3 classes; give a number of 0 or more for each class.`
    )
  })
})

it("crossEntropy leaves out another ignored label, also one that is a class", () => {
  const padded = evaluate([4, 3], logits, (x) => Loss.crossEntropy(x, int([2, 1, 0, 1]), { ignoreIndex: 1 }))
  const dropped = evaluate([4, 3], logits, (x) => Loss.crossEntropy(x, int([2, -100, 0, -100])))
  expect(padded).toEqual(dropped)
})

it("crossEntropy stays finite at logits of 1e4, and takes any shape of rows", () => {
  const { sum, slope } = evaluate([2, 3], [1e4, 0, -1e4, 1e4, 0, -1e4], (x) =>
    Loss.crossEntropy(tf.reshape(x, [1, 2, 3]), tf.tensor2d([[0, 2]], [1, 2], "int32"))
  )
  expect(sum).toBe(2e4)
  expect(slope).toEqual([0, 0, 0, 1, 0, -1])
})

it.each([[[0, 3, -100, 1]], [[0, -1, -100, 1]]])(
  "crossEntropy of labels %j, one of which is no class, is NaN and so is its slope",
  (wrong) => {
    const { sum, slope, count } = evaluate([4, 3], logits, (x) => Loss.crossEntropy(x, int(wrong)))
    expect(sum).toBeNaN()
    expect(slope.some(Number.isNaN)).toBe(true)
    expect(count).toBe(3)
  }
)

it.each([0, 0.1])(
  "crossEntropy with one class is 0 and so is its slope, smoothing %d; any other label is NaN",
  (labelSmoothing) => {
    const of = (labels: ReadonlyArray<number>) =>
      evaluate([3, 1], [0.3, -1.2, 2], (x) => Loss.crossEntropy(x, int(labels), { labelSmoothing }))
    expectClose([of([0, -100, 0]).sum, of([0, -100, 0]).count, ...of([0, -100, 0]).slope], [0, 2, 0, 0, 0])
    expect(of([0, 1, 0]).sum).toBeNaN()
  }
)

it("refuses labels that do not go with the predictions, and says what would", () => {
  tf.tidy(() => {
    const x = tf.zeros([4, 3])
    const entropy = () => Loss.crossEntropy(x, int([1, 2]))
    expect(entropy).toThrow(Loss.LabelMismatch)
    expect(entropy).toThrow(
      "predictions of shape [4,3] do not go with labels of shape [2]; give one label for each row of classes: [4]."
    )
    expect(() => Loss.meanSquaredError(tf.zeros([4, 1]), tf.zeros([1, 3]))).toThrow(Loss.LabelMismatch)
    expect(() => Loss.meanSquaredError(tf.zeros([2, 3]), tf.zeros([3, 2]))).toThrow("give one label for each prediction")
    expect(() => Loss.binaryCrossEntropy(tf.zeros([4]), tf.zeros([5]))).toThrow(Loss.LabelMismatch)
  })
})

it("meanSquaredError does not broadcast [n, 1] against [n]", () => {
  const { sum, count, slope } = evaluate([3, 1], [1, 2, 4], (x) => Loss.meanSquaredError(x, tf.tensor1d([0, 2, 1])))
  expect([sum, count, slope]).toEqual([10, 3, [2, 0, 6]])
})

it("binaryCrossEntropy and its gradient equal float64, at logits of 1e3 too", () => {
  const targets = [1, 0, 0.25, 1, 0, 1]
  const values = [0.5, -1, 2, -3, 0, 8]
  const in64 = (z: ReadonlyArray<number>) =>
    z.reduce((sum, value, i) => sum + Math.log1p(Math.exp(value)) - value * targets[i]!, 0)
  const { sum, count, slope } = evaluate([2, 3], values, (x) => Loss.binaryCrossEntropy(x, tf.tensor2d(targets, [2, 3])))
  expectClose([sum, count], [in64(values), 6])
  expectClose(slope, slopeOf(in64, values))
  const far = evaluate([1, 2], [1e3, -1e3], (x) => Loss.binaryCrossEntropy(x, tf.tensor2d([[0, 0]])))
  expect([far.sum, far.slope]).toEqual([1e3, [1, 0]])
})

it("contrastive and its gradient equal float64, and pairs out of step lose", () => {
  const left = [0.3, -1.2, 2, 0.5, 0.1, -0.7]
  const right = [0.2, -1, 1.4, 0.9, 0.4, -0.2]
  const float64 = (values: ReadonlyArray<number>) => {
    const rows = (v: ReadonlyArray<number>) =>
      [0, 1, 2].map((i) => v.slice(2 * i, 2 * i + 2)).map((r) => r.map((x) => x / Math.hypot(...r)))
    const [a, b] = [rows(values), rows(right)]
    const similar = a.map((x) => b.map((y) => (x[0]! * y[0]! + x[1]! * y[1]!) / 0.5))
    const lost = (z: ReadonlyArray<number>, i: number) => Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) - z[i]!
    return similar.reduce(
      (sum, z, i) =>
        sum +
        (lost(z, i) +
          lost(
            similar.map((row) => row[i]!),
            i
          )) /
          2,
      0
    )
  }
  const found = evaluate([3, 2], left, (x) => Loss.contrastive(x, tf.tensor2d(right, [3, 2]), { temperature: 0.5 }))
  expectClose([found.sum, found.count], [float64(left), 3])
  expectClose(found.slope, slopeOf(float64, left), 1e-4)
  const swapped = evaluate([3, 2], left, (x) =>
    Loss.contrastive(x, tf.tensor2d([...right.slice(2), ...right.slice(0, 2)], [3, 2]))
  )
  expect(swapped.sum).toBeGreaterThan(found.sum)
  expect(() => evaluate([3, 2], left, (x) => Loss.contrastive(x, tf.zeros([2, 2])))).toThrow(/two tensors/)
})
