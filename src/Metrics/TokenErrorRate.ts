/** Token error rate: the fraction of labels that are not the argmax of their logits. **Unit**: 0 to 1. */
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Counts the labels that are not the argmax of their logits: 1 - accuracy. For tokens that may shift, use `EditRate`.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { TokenErrorRate } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = TokenErrorRate.make()
 * const logits = tf.tensor3d([[[1, 0], [1, 0], [0, 1]]])
 * const measured = metric.measure({ outputs: { logits } }, { labels: tf.tensor2d([[0, 1, -100]], [1, 3], "int32") })
 * const state = metric.update(metric.empty, HostTensor.fromDevice(measured))
 * assert.deepEqual(metric.finish(state), { token_error_rate: 0.5 })
 * ```
 */
export const make = (options: PredictionsAndLabels.Options = {}): Metric<Fraction.Fraction> =>
  Fraction.make("token_error_rate", (result, batch) => {
    const { scores, classes } = PredictionsAndLabels.classes("token error rate", result, batch, options)
    return { right: tf.notEqual(tf.argMax(scores, -1), classes), counts: tf.notEqual(classes, options.ignoreIndex ?? -100) }
  })
