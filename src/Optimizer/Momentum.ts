/** Momentum: a decaying sum of past gradients. */
import { tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  /** The decay of the sum per update, in [0, 1). */
  readonly momentum: number
  /** The fraction by which each gradient after the first is reduced. */
  readonly dampening?: number
  /** Uses Nesterov momentum: the gradient plus the decayed sum. */
  readonly nesterov?: boolean
}

/**
 * Replaces gradients by their decaying sum `b = momentum b + (1 - dampening) g`, where the first gradient counts whole.
 *
 * **Shapes**: slot `momentum_buffer`, as the parameters'.
 *
 * **Source**: PyTorch's SGD; Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html.
 *
 * @example
 * ```ts
 * import { Momentum } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const momentum = Momentum.trace({ momentum: 0.9, dampening: 0.5 })
 * assert.deepEqual(momentum.scalars({ step: 0, learningRate: 1 }), { gain: 1 })
 * assert.deepEqual(momentum.scalars({ step: 1, learningRate: 1 }), { gain: 0.5 })
 * ```
 */
export const trace = ({ momentum, dampening = 0, nesterov = false }: Options): Transformation => ({
  name: "momentum",
  init: (parameters) =>
    Tree.prefix(
      Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
      "momentum_buffer"
    ),
  scalars: ({ step }) => (dampening === 0 ? {} : { gain: step === 0 ? 1 : 1 - dampening }),
  update: ({ gradients, slots, scalars: { gain } }) => {
    const buffers = Tree.map(gradients, (gradient, path) =>
      tf.add(tf.mul(slots[`momentum_buffer.${path}`]!, momentum), gain === undefined ? gradient : tf.mul(gradient, gain))
    )
    return {
      updates: nesterov ? Tree.map(gradients, (gradient, path) => tf.add(gradient, tf.mul(buffers[path]!, momentum))) : buffers,
      slots: Tree.prefix(buffers, "momentum_buffer")
    }
  }
})
