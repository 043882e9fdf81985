/** The mean squared error of predictions. **Unit**: that of the target, squared. */

import { meanSquaredError } from "../Model/Loss.ts"
import { take } from "../Model/Model.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"

/**
 * Averages squared differences between predictions and labels.
 *
 * **Shapes**: predictions and labels have the same number of elements.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { SquaredError } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = SquaredError.make({ predictions: "y", labels: "y" })
 * const measured = metric.measure({ outputs: { y: tf.tensor1d([1, 2]) } }, { y: tf.tensor1d([1, 4]) })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { mse: 2 })
 * ```
 */
export const make = ({
  predictions = "logits",
  labels = "labels"
}: {
  /** The name of the model's output. */
  readonly predictions?: string
  /** The batch's field. */
  readonly labels?: string
} = {}): Metric<Fraction.Fraction> =>
  Fraction.fromSums("mse", ({ outputs }, batch) =>
    meanSquaredError(
      take("mean squared error", "outputs", outputs, predictions),
      take("mean squared error", "batch", batch, labels)
    )
  )
