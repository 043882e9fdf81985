/** BLEU: the n-gram precision of predictions, n from 1 to 4, against references. **Unit**: 0 to 100, over a corpus. */
import type { Metric } from "./Metric.ts"
import * as NGrams from "./NGrams.ts"
import * as Sequences from "./Sequences.ts"
import * as SplitWords from "./SplitWords.ts"

/** Counts of sentences, which add up. The lists have a number for each n. */
export interface Bleu {
  readonly sentences: number
  readonly shared: ReadonlyArray<number>
  readonly total: ReadonlyArray<number>
  /** Words. */
  readonly predicted: number
  readonly reference: number
}

export interface Options {
  /** Splits a text into words without spaces. Default: `SplitWords.mteval13a`. */
  readonly words?: (text: string) => ReadonlyArray<string>
}

/**
 * Compares decoded predictions with one reference each.
 *
 * **Shapes**: predictions `[rows, length]` of ids, or logits `[rows, length, classes]`; labels `[rows, length]`.
 *
 * **Errors**: throws `MissingField`, `SequenceMismatch`.
 *
 * **Source**: Papineni et al. 2002; equal to sacrebleu's `corpus_bleu` with its defaults (13a, smoothing "exp", case matters). NaN for an empty set.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Bleu } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const vocabulary = ["a", "dog", "bit", "the", "man"]
 * const metric = Bleu.make({ predictions: "ids", decode: (ids) => ids.map((id) => vocabulary[id]).join(" ") })
 * const ids = tf.tensor2d([[0, 1, 2, 3, 4]], [1, 5], "int32")
 * const measured = metric.measure({ outputs: { ids } }, { labels: tf.tensor2d([[3, 1, 2, 3, 4]], [1, 5], "int32") })
 * const { bleu } = metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured)))
 * assert.ok(Math.abs(bleu! - 66.874) < 0.001)
 * ```
 */
export const make = ({ decode, words, ...options }: Sequences.TextOptions & Options): Metric<Bleu> =>
  Sequences.make<Bleu>("BLEU", options, {
    names: ["bleu"],
    empty,
    combine,
    finish: (state) => ({ bleu: score(state) }),
    score: (prediction, reference) => sentence(decode(prediction), [decode(reference)], words === undefined ? {} : { words })
  })

export const empty: Bleu = { sentences: 0, shared: [0, 0, 0, 0], total: [0, 0, 0, 0], predicted: 0, reference: 0 }

/** Counts the n-grams of a prediction that its references have; each at most as often as the reference that has it most. */
export const sentence = (
  prediction: string,
  references: ReadonlyArray<string>,
  { words = SplitWords.mteval13a }: Options = {}
): Bleu => {
  const predicted = words(prediction)
  const wanted = references.map(words)
  const counts = orders.map((n) => {
    const runs = NGrams.make(predicted, n)
    const known = wanted.map((reference) => NGrams.make(reference, n)).reduce(NGrams.union, new Map())
    return { shared: NGrams.overlap(runs, known), total: NGrams.size(runs) }
  })
  // The reference of the nearest length; of two, the shorter.
  const [reference = 0] = wanted
    .map(({ length }) => length)
    .sort((a, b) => Math.abs(a - predicted.length) - Math.abs(b - predicted.length) || a - b)
  return {
    sentences: 1,
    shared: counts.map(({ shared }) => shared),
    total: counts.map(({ total }) => total),
    predicted: predicted.length,
    reference
  }
}

export const combine = (left: Bleu, right: Bleu): Bleu => ({
  sentences: left.sentences + right.sentences,
  shared: left.shared.map((count, i) => count + right.shared[i]!),
  total: left.total.map((count, i) => count + right.total[i]!),
  predicted: left.predicted + right.predicted,
  reference: left.reference + right.reference
})

/**
 * Gives the score: the geometric mean of the parts shared, in percent, times a penalty for being short. A length of run that shares nothing counts
 * as a half of a run, the next one as a quarter. Where no word is shared, or nothing is long enough for a run of four, it is 0.
 *
 * @example
 * ```ts
 * import { Bleu } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * const corpus = [
 *   Bleu.sentence("The dog bit the man.", ["The dog bit the man.", "The dog had bit the man."]),
 *   Bleu.sentence("It wasn't surprising.", ["It was not unexpected.", "No one was surprised."])
 * ]
 * assert.ok(Math.abs(Bleu.score(corpus.reduce(Bleu.combine)) - 63.982) < 0.001)
 * ```
 */
export const score = ({ sentences, shared, total, predicted, reference }: Bleu): number => {
  if (sentences === 0) return Number.NaN
  if (shared[0] === 0 || total.includes(0)) return 0
  let smoothed = 1
  const parts = shared.map((count, i) => {
    if (count === 0) smoothed /= 2
    return (count === 0 ? smoothed : count) / total[i]!
  })
  const penalty = predicted < reference ? Math.exp(1 - reference / predicted) : 1
  return 100 * penalty * Math.exp(parts.reduce((sum, part) => sum + Math.log(part), 0) / parts.length)
}

const orders = [1, 2, 3, 4]
