/** Top-k accuracy: the fraction of labels among the k largest logits. **Unit**: 0 to 1. */
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Counts the labels with fewer than `k` logits above their own.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { TopK } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const top = TopK.make(2)
 * const logits = tf.tensor2d([[3, 2, 1], [3, 2, 1]])
 * const measured = top.measure({ outputs: { logits } }, { labels: tf.tensor1d([1, 2], "int32") })
 * assert.deepEqual(top.finish(top.update(top.empty, HostTensor.fromDevice(measured))), { top_2_accuracy: 0.5 })
 * ```
 */
export const make = (k: number, options: PredictionsAndLabels.Options = {}): Metric<Fraction.Fraction> =>
  Fraction.make(`top_${k}_accuracy`, (result, batch) => {
    const { scores, classes } = PredictionsAndLabels.classes("top-k accuracy", result, batch, options)
    const hot = tf.oneHot(classes, scores.shape[1]!, 1, 0, "float32")
    const own = tf.sum(tf.mul(scores, hot), 1, true)
    const above = tf.sum(tf.cast(tf.greater(scores, own), "float32"), 1)
    // A label that is no class is never right.
    const isClass = tf.greater(tf.sum(hot, 1), 0)
    return { right: tf.logicalAnd(tf.less(above, k), isClass), counts: tf.notEqual(classes, options.ignoreIndex ?? -100) }
  })
