/** Perplexity: the exponential of the mean loss. **Unit**: choices a token; 1 is certain. */
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"

/**
 * Raises e to the model's own loss in nats, averaged over all tokens of the set: the mean of the batches' perplexities is another number. A batch
 * without labels adds nothing; without any token it is NaN, and past float64 Infinity.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Perplexity } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = Perplexity.make()
 * const measured = metric.measure({ outputs: {}, loss: { sum: tf.scalar(6), count: tf.scalar(3) } }, {})
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { perplexity: Math.exp(2) })
 * ```
 */
export const make = (): Metric<Fraction.Fraction> =>
  Fraction.fromSums(
    "perplexity",
    ({ loss }) => loss ?? { sum: tf.scalar(0), count: tf.scalar(0) },
    (state) => Math.exp(Fraction.mean(state))
  )
