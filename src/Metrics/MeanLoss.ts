/** The mean loss of an evaluation set. **Unit**: that of the loss. */

import { perToken, type Reduction } from "../Step/Reduction.ts"
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"

/**
 * Averages the model's loss by a reduction. Batches without labels are ignored.
 *
 * **Source**: `test/golden/README.md`, item 13: the Trainer's `eval_loss` is the mean of the batches' means, weighted by rows (`Reduction.trainer`).
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { MeanLoss } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = MeanLoss.make()
 * const measured = metric.measure({ outputs: {}, loss: { sum: tf.scalar(6), count: tf.scalar(4) } }, {})
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { loss: 1.5 })
 * ```
 */
export const make = (reduction: Reduction = perToken): Metric<Fraction.Fraction> =>
  Fraction.fromSums("loss", ({ loss }, batch) => {
    const rows = Object.values(batch)[0]?.shape[0] ?? 0
    return loss === undefined ? { sum: tf.scalar(0), count: tf.scalar(0) } : reduction.evaluate(loss, rows)
  })
