/** The mean absolute error of predictions. **Unit**: that of the target. */
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Averages the absolute differences between predictions and labels.
 *
 * **Shapes**: predictions and labels have the same number of elements.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { AbsoluteError } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = AbsoluteError.make({ predictions: "y", labels: "y" })
 * const measured = metric.measure({ outputs: { y: tf.tensor1d([1, 2]) } }, { y: tf.tensor1d([1, 5]) })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { mae: 1.5 })
 * ```
 */
export const make = (options: PredictionsAndLabels.NumberOptions = {}): Metric<Fraction.Fraction> =>
  Fraction.fromSums("mae", (result, batch) => {
    const { predictions, labels } = PredictionsAndLabels.numbers("mean absolute error", result, batch, options)
    return { sum: tf.sum(tf.abs(tf.sub(labels, predictions))), count: tf.scalar(labels.size) }
  })
