/** Spearman's rank correlation of predictions and labels. **Unit**: -1 to 1. */
import * as Comoments from "./Comoments.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"
import * as Ranks from "./Ranks.ts"
import * as RowBuffer from "./RowBuffer.ts"

/**
 * Correlates the ranks of predictions with those of labels; equal numbers have their mean rank. Its state has 8 bytes per pair.
 *
 * **Shapes**: predictions and labels have the same number of elements.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * **Source**: Pearson's correlation of the ranks; SciPy's `spearmanr`. NaN if one side is constant or has a NaN, and for fewer than two pairs.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Spearman } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = Spearman.make({ predictions: "y", labels: "y" })
 * const measured = metric.measure({ outputs: { y: tf.tensor1d([1, 2, 3]) } }, { y: tf.tensor1d([1, 10, 5]) })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { spearman: 0.5 })
 * ```
 */
export const make = (options: PredictionsAndLabels.NumberOptions = {}): Metric<RowBuffer.RowBuffer> => ({
  names: ["spearman"],
  measure: (result, batch) => ({ ...PredictionsAndLabels.numbers("Spearman correlation", result, batch, options) }),
  empty: RowBuffer.empty,
  update: (state, measured) => RowBuffer.add(state, measured),
  combine: RowBuffer.combine,
  finish: (state) => {
    const x = Ranks.make(RowBuffer.column(state, "predictions"))
    const y = Ranks.make(RowBuffer.column(state, "labels"))
    // The mean of ranks is known: that of 1 to n.
    const mean = (x.length + 1) / 2
    const products = (left: Float64Array, right: Float64Array) =>
      left.reduce((sum, rank, i) => sum + (rank - mean) * (right[i]! - mean), 0)
    const spread = { xx: products(x, x), yy: products(y, y), xy: products(x, y) }
    return { spearman: Comoments.correlation({ count: x.length, x: mean, y: mean, ...spread }) }
  }
})
