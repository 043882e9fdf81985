/** Accuracy: the part of the labels that the largest logit names. **Unit**: 0 to 1. */
import { take } from "../Model/Model.ts"
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Fraction from "./Fraction.ts"
import type { Metric } from "./Metric.ts"

/** Where a metric finds what it compares. */
export interface Options {
  /** The name of the model's output; `logits` where it is left out. */
  readonly logits?: string
  /** The batch's field; `labels` where it is left out. */
  readonly labels?: string
  /** Labels that do not count; -100 where it is left out. */
  readonly ignoreIndex?: number
}

/**
 * Counts the labels that are the argmax of their logits. Of equal logits the first wins.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField` when the output or the field is not there.
 *
 * @example
 * ```ts
 * import { Accuracy, HostTensor, tf } from "regimen"
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
export const make = ({ logits = "logits", labels = "labels", ignoreIndex = -100 }: Options = {}): Metric<Fraction.Fraction> =>
  Fraction.make("accuracy", ({ outputs }, batch) => {
    const { scores, classes } = compared("accuracy", outputs, batch, logits, labels)
    return { right: tf.equal(tf.argMax(scores, -1), classes), counts: tf.notEqual(classes, ignoreIndex) }
  })

/** Logits as rows of classes, and a label for each. */
export const compared = (
  by: string,
  outputs: Readonly<Record<string, Tensor>>,
  batch: Readonly<Record<string, Tensor>>,
  logits: string,
  labels: string
): { readonly scores: Tensor; readonly classes: Tensor } => {
  const scores = take(by, "outputs", outputs, logits)
  const classes = take(by, "batch", batch, labels)
  return {
    scores: tf.reshape(scores, [-1, scores.shape.at(-1) ?? 1]),
    classes: tf.cast(tf.reshape(classes, [-1]), "int32")
  }
}
