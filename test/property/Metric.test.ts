/** Laws of metrics: monoids, whose figures do not depend on how the rows are cut into batches, nor on who combines what first. */
import "@tensorflow/tfjs-backend-cpu"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import * as Accuracy from "../../src/Metrics/Accuracy.ts"
import * as ConfusionMatrix from "../../src/Metrics/ConfusionMatrix.ts"
import * as MeanLoss from "../../src/Metrics/MeanLoss.ts"
import * as Metric from "../../src/Metrics/Metric.ts"
import * as SquaredError from "../../src/Metrics/SquaredError.ts"
import * as TopK from "../../src/Metrics/TopK.ts"
import * as Loss from "../../src/Step/Loss.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

vi.setConfig({ testTimeout: 60_000 })
beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

interface Row {
  readonly logits: ReadonlyArray<number>
  readonly label: number
}
/** Logits are whole numbers, so that sums of squares are exact; ties happen. */
const row = fc.record({
  logits: fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 3, maxLength: 3 }),
  label: fc.constantFrom(0, 1, 2, -100)
})
const rows = fc.array(row, { minLength: 1, maxLength: 12 })

const table: ReadonlyArray<{ readonly name: string; readonly metric: Metric.Metric<unknown>; readonly within: number }> = [
  { name: "accuracy", metric: Accuracy.make(), within: 0 },
  { name: "top-2 accuracy", metric: TopK.make(2), within: 0 },
  { name: "confusion matrix", metric: ConfusionMatrix.make(["a", "b", "c"]), within: 0 },
  { name: "squared error", metric: SquaredError.make({ labels: "logits2" }), within: 1e-6 },
  { name: "loss", metric: MeanLoss.make(), within: 1e-6 },
  { name: "all of them", metric: Metric.all([Accuracy.make(), Metric.prefix(TopK.make(2), "b"), MeanLoss.make()]), within: 1e-6 }
]

const measure = (metric: Metric.Metric<unknown>, batch: ReadonlyArray<Row>): HostTensor.HostTensors => {
  const measured = tf.tidy(() => {
    const logits = tf.tensor2d(batch.map((one) => [...one.logits]))
    const labels = tf.tensor1d(
      batch.map(({ label }) => label),
      "int32"
    )
    const result = { outputs: { logits }, loss: Loss.crossEntropy(logits, labels) }
    return metric.measure(result, { labels, logits2: tf.add(logits, 1) })
  })
  const host = HostTensor.fromDevice(measured)
  tf.dispose(measured)
  return host
}
const over = <S>(metric: Metric.Metric<S>, batches: ReadonlyArray<ReadonlyArray<Row>>): S =>
  batches.reduce<S>((state, batch) => metric.update(state, measure(metric, batch)), metric.empty)

/** Cuts a list after some of its elements. */
const cut = <A>(list: ReadonlyArray<A>, after: ReadonlyArray<boolean>): ReadonlyArray<ReadonlyArray<A>> => {
  const parts: Array<Array<A>> = [[]]
  list.forEach((element, i) => {
    parts.at(-1)!.push(element)
    if (after[i] === true && i < list.length - 1) parts.push([])
  })
  return parts
}

describe.each(table)("$name", ({ metric, within }) => {
  const finished = (state: unknown) => ({ scalars: metric.finish(state), figures: metric.figures?.(state) ?? {} })
  const expectSame = (left: unknown, right: unknown) => {
    const [a, b] = [finished(left), finished(right)]
    expect(a.figures).toEqual(b.figures)
    expect(Object.keys(a.scalars)).toEqual(metric.names)
    for (const name of metric.names) {
      const [x, y] = [a.scalars[name]!, b.scalars[name]!]
      if (!Object.is(x, y)) expect(Math.abs(x - y), name).toBeLessThanOrEqual(within * Math.abs(x))
    }
  }

  it("does not depend on how the rows are cut, nor on the order of the batches", () => {
    fc.assert(
      fc.property(rows, fc.array(fc.boolean(), { maxLength: 12 }), (all, cuts) => {
        const batches = cut(all, cuts)
        const whole = over(metric, [all])
        expectSame(over(metric, batches), whole)
        expectSame(over(metric, [...batches].reverse()), whole)
      }),
      { numRuns: 200 }
    )
  })

  it("is a monoid: parts are combined in any grouping and order", () => {
    fc.assert(
      fc.property(rows, rows, rows, (a, b, c) => {
        const [x, y, z] = [a, b, c].map((part) => over(metric, [part]))
        const whole = over(metric, [a, b, c])
        expectSame(metric.combine(metric.combine(x, y), z), whole)
        expectSame(metric.combine(x, metric.combine(y, z)), whole)
        expectSame(metric.combine(z, metric.combine(x, y)), whole)
        expect(metric.combine(metric.empty, x)).toEqual(x)
        expect(metric.combine(x, metric.empty)).toEqual(x)
      }),
      { numRuns: 200 }
    )
  })
})

it("counts what a loop over the rows counts", () => {
  const k = 2
  fc.assert(
    fc.property(rows, (all) => {
      const counted = all.filter(({ label }) => label >= 0)
      const first = ({ logits }: Row) => logits.indexOf(Math.max(...logits))
      const right = counted.filter((one) => first(one) === one.label).length
      const near = counted.filter(({ logits, label }) => logits.filter((logit) => logit > logits[label]!).length < k).length
      const accuracy = Accuracy.make()
      expect(accuracy.finish(over(accuracy, [all]))).toEqual({ accuracy: right / counted.length })
      const top = TopK.make(k)
      expect(top.finish(over(top, [all]))).toEqual({ top_2_accuracy: near / counted.length })
      const confusion = ConfusionMatrix.make(["a", "b", "c"])
      const matrix = [0, 1, 2].map((label) =>
        [0, 1, 2].map((guess) => counted.filter((one) => one.label === label && first(one) === guess).length)
      )
      expect(confusion.figures?.(over(confusion, [all]))).toEqual({
        confusion_matrix: { _tag: "Matrix", rows: "label", columns: "prediction", labels: ["a", "b", "c"], values: matrix }
      })
    }),
    { numRuns: 200 }
  )
})
