/** What the heads of language models are trained on: losses before they are averaged, by the names of Hugging Face's tasks. **Unit**: nats, or squared units of the label. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Losses from "./Loss.ts"
import type { Loss } from "./Model.ts"

/** What the labels of whole sequences are; where a config leaves it out, one class is a regression, whole numbers are classes, and others are several labels each. */
export type ProblemType = "regression" | "single_label_classification" | "multi_label_classification"

/**
 * Computes the loss of whole sequences.
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
 * Computes the loss of the tokens that follow: the logits at a place are held against the label one place on. `items` are the labels that count, the first
 * of each row among them, which has nothing before it: what the Hugging Face Trainer divides by.
 *
 * **Shapes**: logits `[batch, length, vocabulary]`, labels `[batch, length]`; -100 does not count.
 */
export const nextToken = (logits: Tensor, labels: Tensor): Loss => ({
  ...Losses.crossEntropy(logits, shifted(labels)),
  items: tf.sum(tf.cast(tf.notEqual(labels, -100), "float32"))
})

/** Moves labels to the place whose logits predict them: one to the left, with -100 at the end. **Shapes**: `[batch, length]`. */
export const shifted = (labels: Tensor): Tensor => {
  const [batch, length] = labels.shape as [number, number]
  return tf.concat([tf.slice(labels, [0, 1], [batch, length - 1]), tf.fill([batch, 1], -100, labels.dtype as "int32")], 1)
}

/**
 * Computes the loss of an answer's first and last token: the mean of the two. A place beyond the sequence does not count; where no row has one, that half is 0.
 *
 * **Shapes**: logits `[batch, length]`, places `[batch]`.
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
  const one = (logits: Tensor, places: Tensor) =>
    Losses.crossEntropy(logits, tf.clipByValue(tf.reshape(places, [-1]), 0, length), { ignoreIndex: length })
  const [start, end] = [one(ends.startLogits, ends.startPositions), one(ends.endLogits, ends.endPositions)]
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
