/** R2, the coefficient of determination: the fraction of the labels' variance that predictions explain. **Unit**: up to 1 (perfect), without a lower bound; 0 for the labels' mean. */
import { tf } from "../Tensor/Tensor.ts"
import * as Comoments from "./Comoments.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Compares the squared errors of predictions with those of the labels' mean. Tensors of any shape are flattened.
 *
 * **Shapes**: predictions and labels have the same number of elements.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * **Source**: `1 - sum((y - p)^2) / sum((y - mean(y))^2)`. As in scikit-learn's `r2_score`, constant labels give 1 when they are met and else 0, and
 * fewer than two labels give NaN.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { R2 } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = R2.make({ predictions: "y", labels: "y" })
 * const measured = metric.measure({ outputs: { y: tf.tensor1d([0, 4, 4, 8]) } }, { y: tf.tensor1d([1, 3, 5, 7]) })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { r2: 0.8 })
 * ```
 */
export const make = (options: PredictionsAndLabels.NumberOptions = {}): Metric<Comoments.Comoments> => ({
  names: ["r2"],
  measure: (result, batch) => {
    const { predictions, labels } = PredictionsAndLabels.numbers("R2", result, batch, options)
    return Comoments.measure(labels, tf.sub(labels, predictions))
  },
  empty: Comoments.empty,
  update: (state, measured) => Comoments.combine(state, Comoments.fromSums(measured)),
  combine: Comoments.combine,
  finish: ({ count, xx, y, yy }) => {
    const errors = yy + count * y * y
    if (count < 2) return { r2: Number.NaN }
    if (xx === 0) return { r2: errors === 0 ? 1 : 0 }
    return { r2: 1 - errors / xx }
  }
})
