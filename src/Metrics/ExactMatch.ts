/** Exact match: the fraction of rows whose whole sequence equals the reference. **Unit**: 0 to 1. */
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"
import * as Sequences from "./Sequences.ts"

/**
 * Counts the rows whose ids, after `skip` and `end`, equal those of the labels; with `decode`, whose texts do. NaN for an empty set.
 *
 * **Shapes**: predictions `[rows, length]` of ids, or logits `[rows, length, classes]`; labels `[rows, length]`.
 *
 * **Errors**: throws `MissingField`, `SequenceMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { ExactMatch } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = ExactMatch.make({ predictions: "ids", skip: [0] })
 * const ids = tf.tensor2d([[7, 8, 0], [7, 9, 0]], [2, 3], "int32")
 * const measured = metric.measure({ outputs: { ids } }, { labels: tf.tensor2d([[7, 8], [7, 8]], [2, 2], "int32") })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { exact_match: 0.5 })
 * ```
 */
export const make = ({
  decode,
  ...options
}: Sequences.Options & Partial<Sequences.TextOptions> = {}): Metric<Fraction.Fraction> => {
  const key = (ids: Sequences.Ids) => (decode === undefined ? ids.join() : decode(ids))
  return Sequences.make<Fraction.Fraction>("exact match", options, {
    names: ["exact_match"],
    empty: Fraction.empty,
    combine: Fraction.combine,
    finish: (state) => ({ exact_match: Fraction.mean(state) }),
    score: (prediction, reference) => ({ sum: key(prediction) === key(reference) ? 1 : 0, count: 1 })
  })
}
