/** Laws of a step: accumulation, and what it does with tensors. */
import "@tensorflow/tfjs-backend-cpu"
import fc from "fast-check"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import * as Dense from "../../src/Model/Dense.ts"
import * as Loss from "../../src/Model/Loss.ts"
import * as Model from "../../src/Model/Model.ts"
import * as Parameters from "../../src/Model/Parameters.ts"
import * as Optimizers from "../../src/Optimizer/Optimizers.ts"
import * as Gradient from "../../src/Step/Gradient.ts"
import * as Reduction from "../../src/Step/Reduction.ts"
import * as Step from "../../src/Step/Step.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as Tree from "../../src/Tensor/Tree.ts"

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ fc1: Dense.init({ inputs: 3, outputs: 4 }), fc2: Dense.init({ inputs: 4, outputs: 3 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "fc2", tf.tanh(Dense.apply(p, "fc1", x))) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

vi.setConfig({ testTimeout: 60_000 })
beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

interface Row {
  readonly x: ReadonlyArray<number>
  readonly label: number
}
const row = fc.record({
  x: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 }),
  label: fc.constantFrom(0, 1, 2, -100)
})
/** Micro-batches of any sizes, some of them with labels that do not count; at least one label counts. */
const microBatches = fc
  .array(fc.array(row, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 })
  .filter((batches) => batches.flat().some(({ label }) => label >= 0))

const toBatch = (rows: ReadonlyArray<Row>): Tensors => ({
  x: tf.tensor2d(rows.map(({ x }) => [...x])),
  labels: tf.tensor1d(
    rows.map(({ label }) => label),
    "int32"
  )
})

/** What an update with these micro-batches descends along, its loss, norm and count. */
const gradientOf = (
  seed: number,
  batches: ReadonlyArray<ReadonlyArray<Row>>,
  { reduction = Reduction.perToken, maxGradNorm = 0 }: Pick<Step.Options, "reduction" | "maxGradNorm"> = {}
) => {
  const result = tf.tidy(() => {
    const accumulate = Gradient.accumulate(Gradient.make({ model, reduction }))
    const parameters = HostTensor.toDevice(model.init(Key.make(seed)))
    const total = accumulate(
      { parameters, buffers: {} },
      batches.map(toBatch),
      batches.map((_, i) => Key.make(i))
    )
    const { factor, loss, gradNorm } = Gradient.scale(total, maxGradNorm)
    const gradients = Tree.map(total.gradients, (gradient) => tf.mul(gradient, factor))
    return { ...gradients, loss, norm: gradNorm, count: total.count }
  })
  const values = Tree.map(result, (tensor) => [...tensor.dataSync()])
  tf.dispose(result)
  return values
}

/**
 * Gradients are compared relative to the largest number in any of them; but rows may cancel, and then relative to the rows' own terms, whose
 * largest (label minus probability, of three classes) is about a third. The other figures are compared relative to themselves, the count exactly.
 */
const expectClose = (found: Record<string, Array<number>>, expected: Record<string, Array<number>>, relative: number) => {
  expect(Object.keys(found)).toEqual(Object.keys(expected))
  expect(found.count).toEqual(expected.count)
  const { count, loss, norm, ...gradients } = expected
  const largest = Math.max(1 / 3, ...Object.values(gradients).flat().map(Math.abs))
  for (const [path, values] of Object.entries(expected)) {
    values.forEach((value, i) => {
      const scale = path in gradients || path === "norm" ? largest : Math.abs(value)
      expect(Math.abs(found[path]![i]! - value), `${path}[${i}]`).toBeLessThanOrEqual(relative * scale)
    })
  }
}

it("accumulating micro-batches equals one big batch under perToken, ragged counts included", () => {
  fc.assert(
    fc.property(fc.nat(1000), microBatches, (seed, batches) => {
      expectClose(gradientOf(seed, batches), gradientOf(seed, [batches.flat()]), 1e-6)
    }),
    { numRuns: 200 }
  )
})

it("weighs micro-batches alike under perMicroBatch, and as trainer for a model that counts no items", () => {
  fc.assert(
    fc.property(fc.nat(1000), microBatches, (seed, all) => {
      const batches = all.filter((rows) => rows.some(({ label }) => label >= 0))
      const alone = batches.map((rows) => gradientOf(seed, [rows]))
      for (const reduction of [Reduction.perMicroBatch, Reduction.trainer]) {
        const { count, norm, ...found } = gradientOf(seed, batches, { reduction })
        const mean = Tree.map(found, (values, path) =>
          values.map((_, i) => alone.reduce((sum, one) => sum + one[path]![i]!, 0) / batches.length)
        )
        expectClose(found, mean, 1e-6)
      }
    }),
    { numRuns: 200 }
  )
})

/** Rows of which no label counts. */
const uncounted = fc.array(fc.record({ x: row.map(({ x }) => x), label: fc.constant(-100) }), { minLength: 1, maxLength: 4 })
/** Puts a micro-batch among others. */
const inserted = (batches: ReadonlyArray<ReadonlyArray<Row>>, extra: ReadonlyArray<Row>, at: number) =>
  batches.toSpliced(at % (batches.length + 1), 0, extra)

it("a micro-batch without a counted label changes nothing under perToken", () => {
  fc.assert(
    fc.property(fc.nat(1000), microBatches, uncounted, fc.nat(5), (seed, batches, extra, at) => {
      expectClose(gradientOf(seed, inserted(batches, extra, at)), gradientOf(seed, batches), 1e-6)
    }),
    { numRuns: 100 }
  )
})

it("a micro-batch without a counted label is 0 in the mean under perMicroBatch and trainer, as in the Trainer", () => {
  fc.assert(
    fc.property(fc.nat(1000), microBatches, uncounted, fc.nat(5), (seed, all, extra, at) => {
      const batches = all.filter((rows) => rows.some(({ label }) => label >= 0))
      for (const reduction of [Reduction.perMicroBatch, Reduction.trainer]) {
        const without = gradientOf(seed, batches, { reduction })
        const share = batches.length / (batches.length + 1)
        const expected = Tree.map(without, (values, name) => values.map((value) => (name === "count" ? value : value * share)))
        expectClose(gradientOf(seed, inserted(batches, extra, at), { reduction }), expected, 1e-6)
      }
    }),
    { numRuns: 100 }
  )
})

it("an update in which no label counts has loss, gradient and norm 0 under every reduction", () => {
  fc.assert(
    fc.property(fc.nat(1000), uncounted, fc.constantFrom(0, 1), (seed, extra, maxGradNorm) => {
      for (const reduction of [Reduction.perToken, Reduction.perMicroBatch, Reduction.trainer]) {
        const found = gradientOf(seed, [extra, extra], { reduction, maxGradNorm })
        expect(
          Object.values(found)
            .flat()
            .every((value) => value === 0)
        ).toBe(true)
      }
    }),
    { numRuns: 50 }
  )
})

it("an evaluation batch without a counted label leaves the set's loss as it is", () => {
  for (const reduction of [Reduction.perToken, Reduction.perMicroBatch, Reduction.trainer]) {
    const term = (sum: number, count: number) => {
      const loss = tf.tidy(() => ({ ...reduction.evaluate({ sum: tf.scalar(sum), count: tf.scalar(count) }, 4) }))
      const values = { sum: loss.sum.dataSync()[0]!, count: loss.count.dataSync()[0]! }
      tf.dispose(loss)
      return values
    }
    const [counted, uncounted] = [term(3, 2), term(0, 0)]
    expect((counted.sum + uncounted.sum) / (counted.count + uncounted.count)).toBe(1.5)
  }
})

it("clips to the global norm and reports the norm before", () => {
  fc.assert(
    fc.property(fc.nat(1000), microBatches, fc.double({ min: 0.01, max: 2, noNaN: true }), (seed, batches, maxGradNorm) => {
      const free = gradientOf(seed, batches)
      const clipped = gradientOf(seed, batches, { maxGradNorm })
      const factor = Math.min(1, maxGradNorm / (free.norm![0]! + 1e-6))
      const { loss, norm, count, ...gradients } = free
      expectClose(
        clipped,
        { ...Tree.map(gradients, (values) => values.map((value) => value * factor)), loss: loss!, norm: norm!, count: count! },
        1e-6
      )
    }),
    { numRuns: 200 }
  )
})

it("gives only tensors of its own, keeps the input as it was and the number of tensors constant", () => {
  const adamw = Optimizers.adamw()
  const trainable = (path: string) => path.startsWith("fc2.")
  const step = Step.make({ model, optimizer: adamw, trainable })
  fc.assert(
    fc.property(fc.nat(1000), microBatches, (seed, batches) => {
      const parameters = HostTensor.toDevice(model.init(Key.make(seed)))
      const buffers = HostTensor.toDevice({ steps: HostTensor.scalar(7) })
      const weights = { parameters, buffers, slots: tf.tidy(() => adamw.init(Tree.filter(parameters, trainable))) }
      const before = Tree.map(weights, HostTensor.fromDevice)
      const count = tf.memory().numTensors
      const next = tf.tidy(() => {
        const scalars = Tree.map(adamw.scalars({ step: 0, learningRate: 0.1 }), (value) => tf.scalar(value))
        const tensors = batches.map(toBatch)
        return { ...step({ weights, batches: tensors, keys: tensors.map(() => Key.make(1)), scalars }).weights }
      })
      expect(tf.memory().numTensors).toBe(2 * count)
      expect(Tree.map(weights, HostTensor.fromDevice)).toEqual(before)
      tf.dispose(weights)
      const after = Tree.map(next, HostTensor.fromDevice)
      expect(Tree.map(after, Object.keys)).toEqual(Tree.map(before, Object.keys))
      expect(after.buffers).toEqual(before.buffers)
      expect(Tree.filter(after.parameters!, (path) => !trainable(path))).toEqual(
        Tree.filter(before.parameters!, (path) => !trainable(path))
      )
      expect(Object.keys(weights.slots).every((path) => path.includes(".fc2."))).toBe(true)
      tf.dispose(next)
      expect(tf.memory().numTensors).toBe(0)
    }),
    { numRuns: 200 }
  )
})
