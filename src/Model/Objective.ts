/** The training objectives of language model heads: losses before they are averaged, by the names of Hugging Face's tasks. **Unit**: nats, or squared units of the label. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Losses from "./Loss.ts"
import type { Loss } from "./Model.ts"

/** The kind of a sequence's label (`problem_type`). By default one class is a regression, integer labels are classes, and float labels are several labels each. */
export type ProblemType = "regression" | "single_label_classification" | "multi_label_classification"

/**
 * Computes the loss of sequence classification or regression.
 *
 * **Shapes**: logits `[batch, classes]`; labels `[batch]`, or `[batch, classes]` for a regression or several labels each.
 *
 * **Errors**: throws `LabelMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Objective } from "regimen/transformers"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { sum } = Objective.sequence(tf.tensor2d([[1], [2]]), tf.tensor1d([1, 4]))
 * assert.equal(sum.dataSync()[0], 4) // one class: a regression
 * ```
 */
export const sequence = (logits: Tensor, labels: Tensor, problem: ProblemType = problemOf(logits, labels)): Loss => {
  switch (problem) {
    case "regression":
      return Losses.meanSquaredError(logits, labels)
    case "single_label_classification":
      return Losses.crossEntropy(logits, labels)
    case "multi_label_classification":
      return Losses.binaryCrossEntropy(logits, labels)
  }
}

/**
 * Computes the loss of next-token prediction: logits at a position are compared with the label of the next position. `items` counts all labels but -100,
 * including the first of each sequence, which nothing predicts: it is what the Hugging Face Trainer divides by.
 *
 * **Shapes**: logits `[batch, length, vocabulary]`, labels `[batch, length]`; -100 does not count.
 */
export const nextToken = (logits: Tensor, labels: Tensor): Loss => ({
  ...Losses.crossEntropy(logits, shifted(labels)),
  items: tf.sum(tf.cast(tf.notEqual(labels, -100), "float32"))
})

/** Shifts labels to the position whose logits predict them: one to the left, with -100 at the end. **Shapes**: `[batch, length]`. */
export const shifted = (labels: Tensor): Tensor => {
  const [batch, length] = labels.shape as [number, number]
  return tf.concat([tf.slice(labels, [0, 1], [batch, length - 1]), tf.fill([batch, 1], -100, labels.dtype as "int32")], 1)
}

/**
 * Computes the loss of extractive question answering: the mean of the losses of the answer's first and last token. A position beyond the sequence does
 * not count; if no row has one inside, that half is 0.
 *
 * **Shapes**: logits `[batch, length]`, positions `[batch]`.
 *
 * **Source**: Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 4.2.
 */
export const answer = (ends: {
  readonly startLogits: Tensor
  readonly endLogits: Tensor
  readonly startPositions: Tensor
  readonly endPositions: Tensor
}): Loss => {
  const length = ends.startLogits.shape[1]!
  const positionLoss = (logits: Tensor, positions: Tensor) =>
    Losses.crossEntropy(logits, tf.clipByValue(tf.reshape(positions, [-1]), 0, length), { ignoreIndex: length })
  const [start, end] = [positionLoss(ends.startLogits, ends.startPositions), positionLoss(ends.endLogits, ends.endPositions)]
  const count = tf.mul(tf.add(start.count, end.count), 0.5)
  const mean = tf.mul(tf.add(Losses.mean(start), Losses.mean(end)), 0.5)
  return { sum: tf.mul(mean, count), count }
}

const problemOf = (logits: Tensor, labels: Tensor): ProblemType =>
  logits.shape.at(-1) === 1
    ? "regression"
    : labels.dtype === "int32"
      ? "single_label_classification"
      : "multi_label_classification"
