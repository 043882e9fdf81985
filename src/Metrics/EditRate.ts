/** Edit rates: insertions, deletions and substitutions that turn predictions into references, divided by the items of the references. **Unit**: from 0 (equal), without an upper bound. */
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"
import * as Sequences from "./Sequences.ts"
import * as SplitWords from "./SplitWords.ts"

/**
 * Counts the edits between sequences of ids.
 *
 * The value is the edits of the set divided by the items of its references; NaN if there are none.
 *
 * **Shapes**: predictions `[rows, length]` of ids, or logits `[rows, length, classes]`; labels `[rows, length]`.
 *
 * **Errors**: throws `MissingField`, `SequenceMismatch`.
 *
 * **Source**: Levenshtein's distance; NLTK's `edit_distance`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { EditRate } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = EditRate.make({ predictions: "ids", end: 1 })
 * const ids = tf.tensor2d([[7, 8, 9, 1, 5]], [1, 5], "int32")
 * const measured = metric.measure({ outputs: { ids } }, { labels: tf.tensor2d([[7, 9, 1, -100]], [1, 4], "int32") })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { edit_rate: 0.5 })
 * ```
 */
export const make = (options: Sequences.Options = {}): Metric<Fraction.Fraction> => rate("edit_rate", options, (ids) => ids)

/** Counts edits of words, separated by white space: the word error rate, `wer`. Otherwise as `make`. */
export const words = ({ decode, ...options }: Sequences.TextOptions): Metric<Fraction.Fraction> =>
  rate("wer", options, (ids) => SplitWords.bySpace(decode(ids)))

/** Counts edits of characters (Unicode code points): the character error rate, `cer`. Otherwise as `make`. */
export const characters = ({ decode, ...options }: Sequences.TextOptions): Metric<Fraction.Fraction> =>
  rate("cer", options, (ids) => [...decode(ids)])

/**
 * Counts the fewest insertions, deletions and substitutions between two sequences. **Law**: a metric distance (test/property/Metric.test.ts).
 *
 * @example
 * ```ts
 * import { EditRate } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.equal(EditRate.distance([..."kitten"], [..."sitting"]), 3)
 * ```
 */
export const distance = <A>(left: ReadonlyArray<A>, right: ReadonlyArray<A>): number => {
  // A row of the table: the distances between a prefix of the left and each prefix of the right.
  const row = Uint32Array.from({ length: right.length + 1 }, (_, i) => i)
  left.forEach((item, i) => {
    let diagonal = row[0]!
    row[0] = i + 1
    right.forEach((other, j) => {
      const substituted = diagonal + (item === other ? 0 : 1)
      diagonal = row[j + 1]!
      row[j + 1] = Math.min(substituted, diagonal + 1, row[j]! + 1)
    })
  })
  return row[right.length]!
}

const rate = <A>(name: string, options: Sequences.Options, items: (ids: Sequences.Ids) => ReadonlyArray<A>) =>
  Sequences.make<Fraction.Fraction>(name.replace("_", " "), options, {
    names: [name],
    empty: Fraction.empty,
    combine: Fraction.combine,
    finish: (state) => ({ [name]: Fraction.mean(state) }),
    score: (prediction, reference) => {
      const [left, right] = [items(prediction), items(reference)]
      return { sum: distance(left, right), count: right.length }
    }
  })
