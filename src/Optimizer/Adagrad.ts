/** Adagrad: each gradient over the root of the sum of all its squares so far. */
import { tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  /** The initial sum of squares, >= 0. */
  readonly initial?: number
  /** Added to the root. */
  readonly epsilon?: number
}

/**
 * Rescales gradients by the sum of past squares: `s += g^2`, then `g / (sqrt(s) + epsilon)`.
 *
 * **Shapes**: slot `sum`, as the parameters'.
 *
 * **Source**: Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html; PyTorch's Adagrad.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Adagrad } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const { slots, updates } = Adagrad.scaleByRootSumSquares().update({
 *   gradients: { w: tf.tensor1d([3]) },
 *   parameters: {},
 *   slots: { "sum.w": tf.tensor1d([16]) },
 *   scalars: {}
 * })
 * assert.equal(slots["sum.w"]!.dataSync()[0], 25)
 * assert.ok(Math.abs(updates.w!.dataSync()[0]! - 3 / 5) < 1e-6)
 * ```
 */
export const scaleByRootSumSquares = ({ initial = 0, epsilon = 1e-10 }: Options = {}): Transformation => ({
  name: "adagrad",
  init: (parameters) =>
    Tree.prefix(
      Tree.map(parameters, ({ shape }) => tf.fill([...shape], initial, "float32")),
      "sum"
    ),
  scalars: () => ({}),
  update: ({ gradients, slots }) => {
    const sums = Tree.map(gradients, (gradient, path) => tf.add(slots[`sum.${path}`]!, tf.square(gradient)))
    return {
      updates: Tree.map(gradients, (gradient, path) => tf.div(gradient, tf.add(tf.sqrt(sums[path]!), epsilon))),
      slots: Tree.prefix(sums, "sum")
    }
  }
})
