import "@tensorflow/tfjs-backend-cpu"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Accuracy from "../../../src/Metrics/Accuracy.ts"
import * as ConfusionMatrix from "../../../src/Metrics/ConfusionMatrix.ts"
import * as MeanLoss from "../../../src/Metrics/MeanLoss.ts"
import * as Metric from "../../../src/Metrics/Metric.ts"
import * as SquaredError from "../../../src/Metrics/SquaredError.ts"
import * as TopK from "../../../src/Metrics/TopK.ts"
import * as Reduction from "../../../src/Step/Reduction.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { type Tensors, tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const host = (f: () => Tensors): HostTensor.HostTensors => {
  const tensors = tf.tidy(f)
  const read = HostTensor.fromDevice(tensors)
  tf.dispose(tensors)
  return read
}

it("refuses two values of the same name, and says how to rename one", () => {
  const twice = () => Metric.all([Accuracy.make(), SquaredError.make(), Accuracy.make({ labels: "other" })])
  expect(twice).toThrow(Metric.NameClash)
  expect(twice).toThrow("Several metrics are named accuracy. Rename all but one with Metric.rename or Metric.prefix.")
  expect(() => Metric.rename(Metric.all([Accuracy.make(), SquaredError.make()]), () => "x")).toThrow(Metric.NameClash)
})

it("renames scalars and figures alike", () => {
  const confusion = Metric.prefix(ConfusionMatrix.make(["a", "b"]), "digits")
  expect(Object.keys(confusion.figures?.(confusion.empty) ?? {})).toEqual(["digits_confusion_matrix"])
  const renamed = Metric.rename(SquaredError.make(), (name) => name.toUpperCase())
  expect(renamed.finish(renamed.update(renamed.empty, { sum: HostTensor.scalar(6), count: HostTensor.scalar(4) }))).toEqual({
    MSE: 1.5
  })
})

it("names the missing field and those that exist", () => {
  const accuracy = Accuracy.make()
  const measure = () =>
    host(() => accuracy.measure({ outputs: { logits: tf.zeros([2, 3]) } }, { image: tf.zeros([2]), label: tf.zeros([2]) }))
  expect(measure).toThrow('The accuracy looks for "labels" in the batch, which has image, label.')
})

it("sums in float64, beyond what float32 can count", () => {
  const metric = MeanLoss.make()
  const measured = { sum: HostTensor.scalar(2 ** 24), count: HostTensor.scalar(1) }
  const one = { sum: HostTensor.scalar(1), count: HostTensor.scalar(0) }
  expect(metric.finish(metric.update(metric.update(metric.empty, measured), one))).toEqual({ loss: 2 ** 24 + 1 })
})

it("weighs batches by rows under the Trainer's reduction, each at the mean of its items", () => {
  const metric = MeanLoss.make(Reduction.trainer)
  const batch = (rows: number) => ({ x: tf.zeros([rows, 2]) })
  const measure = (sum: number, count: number, rows: number, items?: number) =>
    host(() => {
      const loss = { sum: tf.scalar(sum), count: tf.scalar(count), ...(items === undefined ? {} : { items: tf.scalar(items) }) }
      return metric.measure({ outputs: {}, loss }, batch(rows))
    })
  const state = [measure(6, 3, 4), measure(5, 5, 1)].reduce(metric.update, metric.empty)
  expect(metric.finish(state)).toEqual({ loss: (2 * 4 + 1 * 1) / 5 })
  expect(metric.finish(metric.update(metric.empty, measure(6, 3, 2, 4)))).toEqual({ loss: 1.5 })
})

it("adds nothing for a batch without a loss", () => {
  const metric = MeanLoss.make()
  expect(
    metric.update(
      metric.empty,
      host(() => metric.measure({ outputs: {} }, { x: tf.zeros([2]) }))
    )
  ).toEqual(metric.empty)
})

it("ignores the ignored index, also if it is a class, and counts a label that is no class as wrong", () => {
  const logits = () =>
    tf.tensor2d([
      [5, 1, 1],
      [5, 1, 1],
      [1, 5, 1]
    ])
  const finish = <S>(metric: Metric.Metric<S>, labels: ReadonlyArray<number>) =>
    metric.finish(
      metric.update(
        metric.empty,
        host(() => metric.measure({ outputs: { logits: logits() } }, { labels: tf.tensor1d([...labels], "int32") }))
      )
    )
  expect(finish(Accuracy.make({ ignoreIndex: 0 }), [0, 2, 1])).toEqual({ accuracy: 0.5 })
  expect(finish(TopK.make(4, { ignoreIndex: 0 }), [0, 2, 7])).toEqual({ top_4_accuracy: 0.5 })
})
