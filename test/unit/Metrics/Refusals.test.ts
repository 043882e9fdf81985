/** The inputs that metrics refuse, and the labels that they ignore. */
import "@tensorflow/tfjs-backend-cpu"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Accuracy from "../../../src/Metrics/Accuracy.ts"
import * as Bleu from "../../../src/Metrics/Bleu.ts"
import * as Comoments from "../../../src/Metrics/Comoments.ts"
import * as ConfusionMatrix from "../../../src/Metrics/ConfusionMatrix.ts"
import * as EditRate from "../../../src/Metrics/EditRate.ts"
import * as ExactMatch from "../../../src/Metrics/ExactMatch.ts"
import * as F1 from "../../../src/Metrics/F1.ts"
import type { Metric } from "../../../src/Metrics/Metric.ts"
import * as Pearson from "../../../src/Metrics/Pearson.ts"
import * as Perplexity from "../../../src/Metrics/Perplexity.ts"
import * as Precision from "../../../src/Metrics/Precision.ts"
import * as PredictionsAndLabels from "../../../src/Metrics/PredictionsAndLabels.ts"
import * as R2 from "../../../src/Metrics/R2.ts"
import * as RocAuc from "../../../src/Metrics/RocAuc.ts"
import * as Sequences from "../../../src/Metrics/Sequences.ts"
import * as Spearman from "../../../src/Metrics/Spearman.ts"
import * as TokenErrorRate from "../../../src/Metrics/TokenErrorRate.ts"
import { LabelMismatch } from "../../../src/Model/Loss.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

/** The figures of one batch, of logits and labels in nested arrays. */
const finish = <S>(metric: Metric<S>, logits: HostTensor.Nested, labels: HostTensor.Nested): Readonly<Record<string, number>> => {
  const measured = tf.tidy(() => {
    const batch = HostTensor.toDevice({ logits: HostTensor.fromArray(logits), labels: HostTensor.fromArray(labels) })
    return metric.measure({ outputs: { logits: batch.logits! } }, { labels: batch.labels! })
  })
  const state = metric.update(metric.empty, HostTensor.fromDevice(measured))
  tf.dispose(measured)
  return metric.finish(state)
}

it("refuses classes that are not those of the logits", () => {
  const two = ["a", "b"]
  for (const metric of [F1.make(two), ConfusionMatrix.make(two), RocAuc.oneVsRest(two), RocAuc.make()] as ReadonlyArray<
    Metric<unknown>
  >)
    expect(() => finish(metric, [[1, 2, 3]], [0])).toThrow(PredictionsAndLabels.ClassMismatch)
  expect(() => finish(F1.make(two), [[1, 2, 3]], [0])).toThrow(
    "Expected logits with a last axis of 2 classes for f1; their shape is [1,3]. Give the metric the names of as many classes."
  )
})

it("refuses labels that are not one for each prediction: nothing is broadcast", () => {
  expect(() =>
    finish(
      Accuracy.make(),
      [
        [1, 2],
        [3, 4]
      ],
      [0]
    )
  ).toThrow(LabelMismatch)
  expect(() =>
    finish(
      F1.make(["a", "b"]),
      [
        [1, 2],
        [3, 4]
      ],
      [0]
    )
  ).toThrow(LabelMismatch)
  for (const metric of [R2.make(), Pearson.make(), Spearman.make()] as ReadonlyArray<Metric<unknown>>)
    expect(() => finish(metric, [1, 2], [0])).toThrow(LabelMismatch)
})

it("refuses shapes that are not sequences of the same rows", () => {
  const metric = ExactMatch.make()
  expect(() => finish(metric, [[1, 2]], [1, 2])).toThrow(Sequences.SequenceMismatch)
  expect(() =>
    finish(
      metric,
      [[1, 2]],
      [
        [1, 2],
        [1, 2]
      ]
    )
  ).toThrow(
    "Expected labels [rows, length], and predictions [rows, length] or logits [rows, length, classes] for exact match; labels have shape [2,2] and predictions [1,2]."
  )
  expect(() => finish(metric, [1, 2], [[1, 2]])).toThrow(Sequences.SequenceMismatch)
})

it("takes the argmax of logits, and removes ids that are skipped, ignored, or after the end", () => {
  const logits = [
    [
      [0, 9, 0, 0],
      [0, 0, 9, 0],
      [0, 0, 0, 9],
      [0, 9, 0, 0]
    ]
  ]
  expect(finish(EditRate.make(), logits, [[1, 2, 3, 1]])).toEqual({ edit_rate: 0 })
  expect(finish(EditRate.make({ end: 3 }), logits, [[1, 2, -100, -100]])).toEqual({ edit_rate: 0 })
  expect(finish(EditRate.make({ skip: [3] }), logits, [[1, 2, 1]])).toEqual({ edit_rate: 0 })
  expect(finish(EditRate.make({ ignoreIndex: 2 }), logits, [[1, 3, 1]])).toEqual({ edit_rate: 0 })
  expect(finish(EditRate.make(), logits, [[-100, -100]])).toEqual({ edit_rate: Number.NaN })
})

it("matches exactly by ids, or by their text", () => {
  expect(finish(ExactMatch.make(), [[1, 12]], [[11, 2]])).toEqual({ exact_match: 0 })
  expect(finish(ExactMatch.make({ decode: (ids) => ids.join("") }), [[1, 12]], [[11, 2]])).toEqual({ exact_match: 1 })
})

it("ignores labels that are no class", () => {
  const logits = [
    [0, 9],
    [9, 0],
    [0, 9],
    [0, 9]
  ]
  expect(finish(Precision.make(["a", "b"], { average: "binary" }), logits, [1, 0, -100, 7])).toEqual({ precision: 1 })
  expect(finish(Precision.make(["a", "b"], { average: "binary", positive: 0, ignoreIndex: 1 }), logits, [1, 0, 0, 1])).toEqual({
    precision: 1
  })
  const scores = [0.9, 0.1, 0.5, 0.4, 0.95]
  expect(finish(RocAuc.make(), scores, [1, 0, -100, 7, -1])).toEqual({ roc_auc: 1 })
  expect(finish(RocAuc.make({ ignoreIndex: 0 }), scores, [1, 0, 0, 1, 0])).toEqual({ roc_auc: Number.NaN })
  expect(finish(RocAuc.oneVsRest(["a", "b"]), logits, [1, 0, -100, 7])).toEqual({ macro_roc_auc: 1 })
})

it("is NaN if a score is NaN", () => {
  expect(finish(RocAuc.make(), [0.1, Number.NaN, 0.3], [0, 1, 1])).toEqual({ roc_auc: Number.NaN })
  expect(finish(Spearman.make(), [0.1, Number.NaN, 0.3], [0, 1, 1])).toEqual({ spearman: Number.NaN })
  expect(finish(Pearson.make(), [0.1, Number.NaN, 0.3], [0, 1, 1])).toEqual({ pearson: Number.NaN })
})

it("a correlation is NaN for a constant side, a single pair, and numbers whose squares underflow float32", () => {
  expect(finish(Pearson.make(), [0.1], [0.7])).toEqual({ pearson: Number.NaN })
  expect(finish(R2.make(), [0.7], [0.7])).toEqual({ r2: Number.NaN })
  expect(finish(Pearson.make(), [0, 1e-30], [0, 1])).toEqual({ pearson: Number.NaN })
  expect(finish(Pearson.make(), [0, 1], [0, 1e-30])).toEqual({ pearson: Number.NaN })
})

it("combining with an empty state changes no bit", () => {
  const some = { count: 3, x: 0.1, y: 0.7, xx: 1, yy: 2, xy: 1 }
  expect(Comoments.combine(Comoments.empty, some)).toEqual(some)
  expect(Comoments.combine(some, Comoments.empty)).toEqual(some)
})

it("counts the wrong tokens among those that are not ignored", () => {
  const logits = [
    [0, 9],
    [9, 0],
    [0, 9],
    [0, 9]
  ]
  expect(finish(TokenErrorRate.make(), logits, [1, 1, 1, -100])).toEqual({ token_error_rate: 1 / 3 })
  expect(finish(TokenErrorRate.make({ ignoreIndex: 0 }), logits, [0, 0, 1, 1])).toEqual({ token_error_rate: 0 })
})

it("is accurate for numbers far from zero, where sums of squares in float32 are not", () => {
  const far = [0, 1, 2, 3, 4, 5].map((i) => 1e6 + i)
  const off = [0, 1, 2, 3, 4, 6].map((i) => 1e6 + i)
  expect(finish(R2.make(), off, far).r2).toBeCloseTo(1 - 1 / 17.5, 6)
  expect(finish(Pearson.make(), far, far)).toEqual({ pearson: 1 })
})

it("computes the perplexity of all tokens, not the mean of the batches'", () => {
  const metric = Perplexity.make()
  const sums = [
    { sum: HostTensor.scalar(8), count: HostTensor.scalar(2) },
    { sum: HostTensor.scalar(0), count: HostTensor.scalar(6) }
  ]
  expect(metric.finish(sums.reduce(metric.update, metric.empty))).toEqual({ perplexity: Math.E })
})

it("splits BLEU's words by the given function", () => {
  const decode = (ids: ReadonlyArray<number>) => ids.join("")
  const words = (text: string) => [...text]
  expect(finish(Bleu.make({ decode }), [[1, 2, 3, 4]], [[1, 2, 3, 4]])).toEqual({ bleu: 0 })
  expect(finish(Bleu.make({ decode, words }), [[1, 2, 3, 4]], [[1, 2, 3, 4]])).toEqual({ bleu: 100 })
})
