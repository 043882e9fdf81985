/** Pearson's correlation of predictions and labels: how linear their relation is. **Unit**: -1 to 1. */
import * as Comoments from "./Comoments.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Correlates predictions with labels.
 *
 * **Shapes**: predictions and labels have the same number of elements.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * **Source**: `sum((p - mean(p)) (y - mean(y)))` over the root of both sums of squares; SciPy's `pearsonr`. Where one side is constant, or there are fewer than two
 * pairs, nothing varies together: NaN.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Pearson } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = Pearson.make({ predictions: "y", labels: "y" })
 * const measured = metric.measure({ outputs: { y: tf.tensor1d([1, 2, 3]) } }, { y: tf.tensor1d([1, 3, 2]) })
 * assert.ok(Math.abs(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))).pearson! - 0.5) < 1e-6)
 * ```
 */
export const make = (options: PredictionsAndLabels.NumberOptions = {}): Metric<Comoments.Comoments> => ({
  names: ["pearson"],
  measure: (result, batch) => {
    const { predictions, labels } = PredictionsAndLabels.numbers("Pearson correlation", result, batch, options)
    return Comoments.measure(predictions, labels)
  },
  empty: Comoments.empty,
  update: (state, measured) => Comoments.combine(state, Comoments.fromSums(measured)),
  combine: Comoments.combine,
  finish: (state) => ({ pearson: Comoments.correlation(state) })
})
