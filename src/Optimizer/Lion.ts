/** Lion: the sign of an average of the momentum and the gradient. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  /** The weight of the momentum in the update's direction. */
  readonly beta1?: number
  /** The decay of the momentum per update. */
  readonly beta2?: number
}

/**
 * Replaces gradients by signs: `sign(beta1 m + (1 - beta1) g)`, and then `m = beta2 m + (1 - beta2) g`. A number that is not finite comes out NaN.
 *
 * **Shapes**: slot `exp_avg`, as the parameters'.
 *
 * **Source**: Chen et al. 2023, https://arxiv.org/abs/2302.06675, whose betas are the default; the Trainer gives `adam_beta1` and `adam_beta2`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Lion } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { updates } = Lion.scaleByLion().update({
 *   gradients: { w: tf.tensor1d([3, 3]) },
 *   parameters: {},
 *   slots: { "exp_avg.w": tf.tensor1d([1, -1]) },
 *   scalars: {}
 * })
 * assert.deepEqual([...updates.w!.dataSync()], [1, -1]) // 0.9 + 0.3 and -0.9 + 0.3
 * ```
 */
export const scaleByLion = ({ beta1 = 0.9, beta2 = 0.99 }: Options = {}): Transformation => {
  const blend = (old: Tensor, gradient: Tensor, beta: number) => tf.add(tf.mul(old, beta), tf.mul(gradient, 1 - beta))
  return {
    name: "lion",
    init: (parameters) =>
      Tree.prefix(
        Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
        "exp_avg"
      ),
    scalars: () => ({}),
    update: ({ gradients, slots }) => ({
      updates: Tree.map(gradients, (gradient, path) => sign(blend(slots[`exp_avg.${path}`]!, gradient, beta1))),
      slots: Tree.prefix(
        Tree.map(gradients, (gradient, path) => blend(slots[`exp_avg.${path}`]!, gradient, beta2)),
        "exp_avg"
      )
    })
  }
}

/** The sign, NaN for what is not finite: `tf.sign` makes a NaN 0. */
const sign = (tensor: Tensor): Tensor => tf.add(tf.sign(tensor), tf.sub(tensor, tensor))
