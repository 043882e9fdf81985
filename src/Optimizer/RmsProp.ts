/** RMSprop: each gradient over the root of its running mean square. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  /** The decay of the mean square per update, in [0, 1). */
  readonly alpha?: number
  /** Added to the root, outside of it. */
  readonly epsilon?: number
  /** Divides by the standard deviation: the mean square less the squared mean. */
  readonly centered?: boolean
}

/**
 * Rescales gradients as RMSprop does: `v = alpha v + (1 - alpha) g^2`, then `g / (sqrt(v) + epsilon)`; centered, `v` less `a^2` under the root, where
 * `a` is the gradients' running mean.
 *
 * **Shapes**: slots `square_avg` (and `grad_avg`), each as the parameters'.
 *
 * **Source**: Tieleman and Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; centered: Graves 2013,
 * https://arxiv.org/abs/1308.0850; PyTorch's RMSprop. Where rounding makes the variance negative PyTorch's step is NaN; here it counts as 0.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { RmsProp } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { updates } = RmsProp.scaleByRms({ alpha: 0.75 }).update({
 *   gradients: { w: tf.tensor1d([3]) },
 *   parameters: {},
 *   slots: { "square_avg.w": tf.tensor1d([0]) },
 *   scalars: {}
 * })
 * assert.ok(Math.abs(updates.w!.dataSync()[0]! - 3 / Math.sqrt(9 / 4)) < 1e-6)
 * ```
 */
export const scaleByRms = ({ alpha = 0.99, epsilon = 1e-8, centered = false }: Options = {}): Transformation => {
  const average = (old: Tensor, value: Tensor) => tf.add(tf.mul(old, alpha), tf.mul(value, 1 - alpha))
  return {
    name: "rmsprop",
    init: (parameters) => {
      const zeros = (slot: string) =>
        Tree.prefix(
          Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
          slot
        )
      return { ...zeros("square_avg"), ...(centered ? zeros("grad_avg") : {}) }
    },
    scalars: () => ({}),
    update: ({ gradients, slots }) => {
      const squares = Tree.map(gradients, (gradient, path) => average(slots[`square_avg.${path}`]!, tf.square(gradient)))
      const means = centered ? Tree.map(gradients, (gradient, path) => average(slots[`grad_avg.${path}`]!, gradient)) : {}
      const variance = (path: string) => {
        const mean = means[path]
        // The order matters: on wasm, maximum(0, NaN) is 0.
        return mean === undefined ? squares[path]! : tf.maximum(tf.sub(squares[path]!, tf.square(mean)), 0)
      }
      return {
        updates: Tree.map(gradients, (gradient, path) => tf.div(gradient, tf.add(tf.sqrt(variance(path)), epsilon))),
        slots: { ...Tree.prefix(squares, "square_avg"), ...Tree.prefix(means, "grad_avg") }
      }
    }
  }
}
