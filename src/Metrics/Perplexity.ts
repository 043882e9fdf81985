/** Perplexity: the exponential of the mean loss. **Unit**: from 1, equally likely choices per token. */
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"

/**
 * Raises e to the model's loss in nats, averaged over all tokens of the set; the mean of the batches' perplexities is another number. Batches
 * without labels are ignored; NaN without tokens, Infinity beyond float64.
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
