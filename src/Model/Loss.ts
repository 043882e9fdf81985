/** Losses before they are averaged: a sum, and how many terms it has. **Unit**: nats, or squared units of the target. */
import { Schema } from "effect"
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as LabelRange from "./LabelRange.ts"
import type { Loss } from "./Model.ts"

export class LabelMismatch extends Schema.TaggedError<LabelMismatch>()("LabelMismatch", {
  loss: Schema.String,
  predictions: Schema.Array(Schema.Number),
  labels: Schema.Array(Schema.Number)
}) {
  override get message() {
    const wanted =
      this.loss === "crossEntropy"
        ? `one label for each row of classes: [${this.predictions.slice(0, -1)}]`
        : this.loss === "contrastive"
          ? "two tensors [pairs, features] of one shape"
          : "one label for each prediction"
    return `${this.loss}: predictions of shape [${this.predictions}] do not go with labels of shape [${this.labels}]; give ${wanted}.`
  }
}

/** Weights of classes that are not one for each class. */
export class InvalidWeights extends Schema.TaggedError<InvalidWeights>()("InvalidWeights", {
  weights: Schema.Array(Schema.Number),
  classes: Schema.Number
}) {
  override get message() {
    return `crossEntropy: the weights [${this.weights.join(", ")}] do not go with ${this.classes} classes; give a number of 0 or more for each class.`
  }
}

export interface CrossEntropy {
  /** Labels that do not count. */
  readonly ignoreIndex?: number
  /** How much of the target is spread evenly over all classes, in [0, 1). */
  readonly labelSmoothing?: number
  /** How much each class counts, in sum and count. Default: 1 each. */
  readonly weights?: ReadonlyArray<number>
}

/**
 * Computes the cross-entropy of integer labels under the softmax of logits. A label of the batch that is neither a class nor `ignoreIndex` is refused; one
 * that was computed on the device makes the loss and its gradient NaN: it is never a plausible number.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `LabelMismatch`, `LabelOutOfRange`, and `InvalidWeights` where they are not one for each class.
 *
 * **Source**: `label_smoothing_factor`: `(1 - e) (-log p[label]) + e mean(-log p)`. Equal to PyTorch's and to the Trainer's label smoother (test/golden/labelSmoother.test.ts).
 * With weights it is `CrossEntropyLoss(weight)`: each class's part times its weight, and the count is the sum of the labels' weights.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Loss } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { sum, count } = Loss.crossEntropy(tf.zeros([3, 4]), tf.tensor1d([0, 3, -100], "int32"))
 * assert.ok(Math.abs(sum.dataSync()[0]! - 2 * Math.log(4)) < 1e-6)
 * assert.equal(count.dataSync()[0], 2)
 * ```
 */
export const crossEntropy = (
  logits: Tensor,
  labels: Tensor,
  { ignoreIndex = -100, labelSmoothing = 0, weights: given }: CrossEntropy = {}
): Loss => {
  const classes = logits.shape.at(-1) ?? 0
  if (logits.size !== labels.size * classes)
    throw new LabelMismatch({ loss: "crossEntropy", predictions: logits.shape, labels: labels.shape })
  LabelRange.check(labels, classes, ignoreIndex)
  const rows = tf.cast(tf.reshape(labels, [labels.size]), "int32")
  const counts = tf.notEqual(rows, ignoreIndex)
  const weights = tf.cast(counts, "float32")
  const count = tf.sum(weights)
  const isClass = ignoreIndex >= 0 && ignoreIndex < classes
  const hot = oneHot(isClass ? tf.where(counts, rows, tf.fill([labels.size], -1, "int32")) : rows, classes)
  // 0 when every label that counts is a class, NaN when one is not: its row of `hot` is empty.
  const fault = tf.sqrt(tf.sub(tf.sum(hot), count))
  const target = labelSmoothing === 0 ? hot : tf.add(tf.mul(hot, 1 - labelSmoothing), labelSmoothing / classes)
  const scores = tf.reshape(logits, [labels.size, classes])
  const column = tf.reshape(weights, [labels.size, 1])
  if (given === undefined) return { sum: softmaxCrossEntropy(scores, target, column, fault), count }
  if (given.length !== classes || !given.every((weight) => weight >= 0 && weight < Infinity))
    throw new InvalidWeights({ weights: given, classes })
  const ofClass = tf.tensor1d([...given])
  const weighted = tf.mul(target, ofClass)
  const mass = tf.sum(weighted, 1, true)
  return {
    sum: softmaxCrossEntropy(scores, tf.div(weighted, orOne(mass)), tf.mul(column, mass), fault),
    count: tf.sum(tf.mul(hot, ofClass))
  }
}

/**
 * Computes squared errors.
 *
 * **Shapes**: predictions and labels have the same number of elements; `[n, 1]` goes with `[n]`.
 *
 * **Errors**: throws `LabelMismatch`: shapes are never broadcast.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Loss } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { sum, count } = Loss.meanSquaredError(tf.tensor2d([[1], [2]]), tf.tensor1d([0, 4]))
 * assert.deepEqual([sum.dataSync()[0], count.dataSync()[0]], [5, 2])
 * ```
 */
export const meanSquaredError = (predictions: Tensor, labels: Tensor): Loss => {
  const target = alike("meanSquaredError", predictions, labels)
  return { sum: tf.sum(tf.square(tf.sub(predictions, target))), count: tf.scalar(predictions.size) }
}

/**
 * Computes the cross-entropy of yes-or-no labels (0 to 1) under the sigmoid of logits.
 *
 * **Shapes**: logits and labels have the same number of elements.
 *
 * **Errors**: throws `LabelMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Loss } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { sum } = Loss.binaryCrossEntropy(tf.tensor1d([0, 1000]), tf.tensor1d([1, 1]))
 * assert.ok(Math.abs(sum.dataSync()[0]! - Math.log(2)) < 1e-6)
 * ```
 */
export const binaryCrossEntropy = (logits: Tensor, labels: Tensor): Loss => {
  const target = alike("binaryCrossEntropy", logits, labels)
  return { sum: tf.sum(tf.sub(tf.softplus(logits), tf.mul(logits, target))), count: tf.scalar(logits.size) }
}

/**
 * Computes the contrastive loss of pairs: each row of `left` has to find its partner, the row of `right` with the same number, among all rows of `right`,
 * and the other way round. Similarities are cosines over `temperature` (default 0.07).
 *
 * **Shapes**: both `[pairs, features]`. **Unit**: nats; the mean of the two directions, and one term a pair.
 *
 * **Errors**: throws `LabelMismatch` when the shapes differ.
 *
 * **Source**: van den Oord et al. 2018 (InfoNCE), https://arxiv.org/abs/1807.03748; both directions as in CLIP, Radford et al. 2021.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Loss } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const eye = tf.eye(2)
 * const { sum } = Loss.contrastive(eye, eye, { temperature: 1 })
 * assert.ok(Math.abs(sum.dataSync()[0]! - 2 * Math.log(1 + Math.exp(-1))) < 1e-6)
 * ```
 */
export const contrastive = (
  left: Tensor,
  right: Tensor,
  { temperature = 0.07 }: { readonly temperature?: number } = {}
): Loss => {
  if (left.rank !== 2 || left.shape.join() !== right.shape.join())
    throw new LabelMismatch({ loss: "contrastive", predictions: left.shape, labels: right.shape })
  const pairs = left.shape[0]!
  const similar = tf.div(tf.matMul(directions(left), directions(right), false, true), temperature)
  const partners = tf.range(0, pairs, 1, "int32")
  const ways = [similar, tf.transpose(similar)].map((logits) => crossEntropy(logits, partners).sum)
  return { sum: tf.div(tf.addN(ways), 2), count: tf.scalar(pairs) }
}

/**
 * Divides a loss's sum by its count. Where nothing counts it is 0, and so is its gradient: 0/0 would make every weight NaN.
 *
 * **Shapes**: scalars.
 *
 * **Law**: a micro-batch without a counted label adds 0 to an update (test/property/Step.test.ts).
 *
 * **Source**: PyTorch's mean is NaN there, and its gradient 0; the Trainer's update is that of the other micro-batches.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Loss } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * assert.equal(Loss.mean({ sum: tf.scalar(6), count: tf.scalar(4) }).dataSync()[0], 1.5)
 * assert.equal(Loss.mean({ sum: tf.scalar(0), count: tf.scalar(0) }).dataSync()[0], 0)
 * ```
 */
export const mean = ({ sum, count }: Pick<Loss, "sum" | "count">): Tensor => tf.div(sum, orOne(count))

/** A count to divide by: 1 in the place of 0. */
export const orOne = (count: Tensor): Tensor => tf.add(count, tf.cast(tf.equal(count, 0), "float32"))

/** A row of zeros with a 1 at the label, if it is a class. TensorFlow.js refuses a single class. */
const oneHot = (labels: Tensor, classes: number): Tensor =>
  classes === 1 ? tf.cast(tf.equal(tf.expandDims(labels, 1), 0), "float32") : tf.oneHot(labels, classes, 1, 0, "float32")

/** Rows at length 1; a row of zeros stays. */
const directions = (x: Tensor): Tensor => tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), 1, true), 1e-24)))

/** Labels in the predictions' shape and type. */
const alike = (loss: string, predictions: Tensor, labels: Tensor): Tensor => {
  const flat = (shape: ReadonlyArray<number>) => shape.filter((n) => n !== 1).join()
  if (flat(predictions.shape) !== flat(labels.shape))
    throw new LabelMismatch({ loss, predictions: predictions.shape, labels: labels.shape })
  return tf.cast(tf.reshape(labels, predictions.shape), "float32")
}

/** The weighted sum over rows, with the gradient in closed form: `(softmax - target) weight`. `fault` is added to the sum and to its slope. */
const softmaxCrossEntropy = (logits: Tensor, target: Tensor, weights: Tensor, fault: Tensor): Tensor =>
  tf.customGrad((z, save) => {
    const shifted = tf.sub(z as Tensor, tf.max(z as Tensor, -1, true))
    const exps = tf.exp(shifted)
    const total = tf.sum(exps, -1, true)
    const perRow = tf.sub(tf.log(total), tf.sum(tf.mul(target, shifted), -1, true))
    ;(save as (tensors: ReadonlyArray<Tensor>) => void)([exps, total, target, weights, fault])
    return {
      value: tf.add(tf.sum(tf.mul(perRow, weights)), fault),
      gradFunc: (slope: Tensor, saved: Array<Tensor>) => {
        const [e, s, q, w, f] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor]
        return tf.mul(tf.sub(tf.div(e, s), q), tf.mul(w, tf.add(slope, f)))
      }
    }
  })(logits)
