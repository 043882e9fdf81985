/** Spearman's correlation of predictions and labels: how alike their orders are. **Unit**: -1 to 1. */
import * as Comoments from "./Comoments.ts"
import * as Compared from "./Compared.ts"
import * as Kept from "./Kept.ts"
import type { Metric } from "./Metric.ts"
import * as Ranks from "./Ranks.ts"

/**
 * Correlates the ranks of predictions with those of labels; equal numbers share the mean of their ranks. It keeps 8 bytes a pair.
 *
 * **Shapes**: predictions and labels have the same number of elements.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * **Source**: Pearson's correlation of the ranks; SciPy's `spearmanr`. Where one side is constant, holds a NaN, or there are fewer than two pairs: NaN.
 *
 * @example
 * ```ts
 * import { HostTensor, Spearman, tf } from "regimen"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = Spearman.make({ predictions: "y", labels: "y" })
 * const measured = metric.measure({ outputs: { y: tf.tensor1d([1, 2, 3]) } }, { y: tf.tensor1d([1, 10, 5]) })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { spearman: 0.5 })
 * ```
 */
export const make = (options: Compared.NumberOptions = {}): Metric<Kept.Kept> => ({
  names: ["spearman"],
  measure: (result, batch) => ({ ...Compared.numbers("Spearman correlation", result, batch, options) }),
  empty: Kept.empty,
  update: (state, measured) => Kept.add(state, measured),
  combine: Kept.combine,
  finish: (state) => {
    const x = Ranks.make(Kept.column(state, "predictions"))
    const y = Ranks.make(Kept.column(state, "labels"))
    // The mean of ranks is known: that of 1 to n.
    const mean = (x.length + 1) / 2
    const products = (left: Float64Array, right: Float64Array) =>
      left.reduce((sum, rank, i) => sum + (rank - mean) * (right[i]! - mean), 0)
    const spread = { xx: products(x, x), yy: products(y, y), xy: products(x, y) }
    return { spearman: Comoments.correlation({ count: x.length, x: mean, y: mean, ...spread }) }
  }
})
