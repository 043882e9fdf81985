/** ROUGE: the F-measures of unigrams, bigrams and longest common subsequences of predictions against references. **Unit**: 0 to 1. */
import * as CommonSubsequence from "./CommonSubsequence.ts"
import type { Metric } from "./Metric.ts"
import * as NGrams from "./NGrams.ts"
import * as Sequences from "./Sequences.ts"
import { alphanumeric } from "./SplitWords.ts"

export const names = ["rouge1", "rouge2", "rougeL", "rougeLsum"] as const

export type Scores = Readonly<Record<(typeof names)[number], number>>

/** The number of texts, and the sums of their scores. */
export interface Rouge {
  readonly count: number
  readonly sums: Scores
}

/**
 * Averages the F-measures of decoded predictions: of single words, of pairs, of the longest common subsequence, and of the same by lines.
 *
 * **Shapes**: predictions `[rows, length]` of ids, or logits `[rows, length, classes]`; labels `[rows, length]`.
 *
 * **Errors**: throws `MissingField`, `SequenceMismatch`.
 *
 * **Source**: Lin 2004; equal to the package rouge-score without its stemmer. Its aggregator draws bootstrap samples around the mean; this is the mean. NaN for
 * an empty set.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Rouge } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const vocabulary = ["a", "dog", "bit", "the", "man"]
 * const metric = Rouge.make({ predictions: "ids", decode: (ids) => ids.map((id) => vocabulary[id]).join(" ") })
 * const ids = tf.tensor2d([[1, 2, 4]], [1, 3], "int32")
 * const measured = metric.measure({ outputs: { ids } }, { labels: tf.tensor2d([[1, 2, 0, 3, 4]], [1, 5], "int32") })
 * const figures = metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured)))
 * assert.deepEqual([figures.rouge1, figures.rougeL], [0.75, 0.75])
 * ```
 */
export const make = ({ decode, ...options }: Sequences.TextOptions): Metric<Rouge> =>
  Sequences.make<Rouge>("ROUGE", options, {
    names,
    empty: { count: 0, sums: scores(() => 0) },
    combine: (left, right) => ({
      count: left.count + right.count,
      sums: scores((name) => left.sums[name] + right.sums[name])
    }),
    finish: ({ count, sums }) => scores((name) => (count === 0 ? Number.NaN : sums[name] / count)),
    score: (prediction, reference) => ({ count: 1, sums: text(decode(prediction), [decode(reference)]) })
  })

/**
 * Scores a text. Of several references, each score is that of the best one.
 *
 * @example
 * ```ts
 * import { Rouge } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.equal(Rouge.text("The dog bit.", ["The dog bites.", "A dog bit the man."]).rouge1, 0.75)
 * ```
 */
export const text = (prediction: string, references: ReadonlyArray<string>): Scores => {
  const each = references.map((reference) => pair(prediction, reference))
  return scores((name) => Math.max(...each.map((one) => one[name])))
}

const pair = (prediction: string, reference: string): Scores => {
  const [predicted, expected] = [alphanumeric(prediction), alphanumeric(reference)]
  const grams = (n: number) => {
    const [left, right] = [NGrams.make(predicted, n), NGrams.make(expected, n)]
    return f(NGrams.overlap(left, right), NGrams.size(left), NGrams.size(right))
  }
  return {
    rouge1: grams(1),
    rouge2: grams(2),
    rougeL: f(CommonSubsequence.indices(expected, predicted).length, predicted.length, expected.length),
    rougeLsum: byLines(prediction.split("\n").map(alphanumeric), reference.split("\n").map(alphanumeric))
  }
}

/** Compares each line of the reference with all lines of the prediction: the union of their common subsequences counts, each word as often as both texts have it. */
const byLines = (predicted: ReadonlyArray<ReadonlyArray<string>>, expected: ReadonlyArray<ReadonlyArray<string>>): number => {
  const [predictedWords, expectedWords] = [predicted.flat(), expected.flat()]
  const common = expected.flatMap((line) =>
    [...new Set(predicted.flatMap((other) => CommonSubsequence.indices(line, other)))].map((at) => line[at]!)
  )
  return f(NGrams.overlap(NGrams.make(common, 1), NGrams.make(predictedWords, 1)), predictedWords.length, expectedWords.length)
}

/** The harmonic mean of precision and recall. */
const f = (shared: number, predicted: number, expected: number): number =>
  shared === 0 ? 0 : (2 * shared) / (predicted + expected)

const scores = (score: (name: (typeof names)[number]) => number): Scores => ({
  rouge1: score("rouge1"),
  rouge2: score("rouge2"),
  rougeL: score("rougeL"),
  rougeLsum: score("rougeLsum")
})
