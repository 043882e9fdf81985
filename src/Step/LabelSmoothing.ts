/** Label smoothing as a model around a model: its loss is the smoothed cross-entropy of its logits, in training and in evaluation. */

import * as Loss from "../Model/Loss.ts"
import type { Model } from "../Model/Model.ts"
import { take } from "../Model/Model.ts"
import { shifted } from "../Model/Objective.ts"

export interface Options {
  /** The share of each label that is given to all classes alike. */
  readonly factor: number
  /** The name of the model's output. Default: `logits`. */
  readonly logits?: string
  /** The batch's field. Default: `labels`. For a batch without it the loss is unchanged. */
  readonly labels?: string
}

/**
 * Replaces a model's loss where there are labels.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`; labels of -100 do not count. Those of a model that predicts the next token are shifted.
 *
 * **Errors**: throws `MissingField` when the model gives no logits, `LabelMismatch` when they do not go with the labels.
 *
 * **Source**: `label_smoothing_factor`; Szegedy et al. 2016, https://arxiv.org/abs/1512.00567.
 *
 * @example
 * ```ts
 * import { Model, tf } from "regimen"
 * import { Dense, Key, Loss, Parameters } from "regimen/nn"
 * import { LabelSmoothing } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const plain = Model.make({
 *   inputs: ["x"],
 *   labels: ["labels"],
 *   init: Parameters.make({ head: Dense.init({ inputs: 1, outputs: 2 }) }),
 *   forward: (p, { x }) => ({ logits: Dense.apply(p, "head", x) }),
 *   loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
 * })
 * const smooth = LabelSmoothing.around(plain, { factor: 0.1 })
 * const parameters = { "head.weight": tf.tensor2d([[9], [0]]), "head.bias": tf.zeros([2]) }
 * const loss = (model: Model.Model) =>
 *   model.apply(parameters, { x: tf.ones([1, 1]), labels: tf.tensor1d([0], "int32") }, { training: true, key: Key.make(0), buffers: {} })
 *     .loss!.sum.dataSync()[0]!
 * assert.ok(loss(smooth) > loss(plain)) // being sure costs
 * ```
 */
export const around = (model: Model, { factor, logits = "logits", labels = "labels" }: Options): Model => ({
  ...model,
  apply: (parameters, batch, context) => {
    const result = model.apply(parameters, batch, context)
    const wanted = batch[labels]
    if (wanted === undefined) return result
    const found = take("label smoothing", "outputs", result.outputs, logits)
    const target = model.predictsNext === true ? shifted(wanted) : wanted
    return { ...result, loss: Loss.crossEntropy(found, target, { labelSmoothing: factor }) }
  }
})
