/** Accuracy: the fraction of labels that are the argmax of their logits. **Unit**: 0 to 1. */
import { tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Counts the labels that are the argmax of their logits. Of equal logits the first wins.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField` without the output or the field; `LabelMismatch` if there is not one label for each row of logits.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Accuracy } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const accuracy = Accuracy.make()
 * const logits = tf.tensor2d([[1, 0], [1, 0], [0, 1]])
 * const measured = accuracy.measure({ outputs: { logits } }, { labels: tf.tensor1d([0, 1, -100], "int32") })
 * const state = accuracy.update(accuracy.empty, HostTensor.fromDevice(measured))
 * assert.deepEqual(accuracy.finish(state), { accuracy: 0.5 })
 * ```
 */
export const make = (options: PredictionsAndLabels.Options = {}): Metric<Fraction.Fraction> =>
  Fraction.make("accuracy", (result, batch) => {
    const { scores, classes } = PredictionsAndLabels.classes("accuracy", result, batch, options)
    return { right: tf.equal(tf.argMax(scores, -1), classes), counts: tf.notEqual(classes, options.ignoreIndex ?? -100) }
  })
