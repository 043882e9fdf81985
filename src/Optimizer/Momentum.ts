/** Momentum: a decaying sum of past gradients. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import { under, within } from "./Namespace.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  /** How much of the sum stays from update to update, in [0, 1). */
  readonly momentum: number
  /** How much of each gradient after the first is left out. */
  readonly dampening?: number
  /** Looks ahead: the gradient plus the decayed sum. */
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
 * import { Momentum } from "regimen"
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
    within(
      "momentum_buffer",
      Object.fromEntries(Object.entries(parameters).map(([path, parameter]) => [path, tf.zerosLike(parameter)]))
    ),
  scalars: ({ step }) => (dampening === 0 ? {} : { gain: step === 0 ? 1 : 1 - dampening }),
  update: ({ gradients, slots, scalars }) => {
    const buffers = under("momentum_buffer", slots)
    const updates: Record<string, Tensor> = {}
    const kept: Record<string, Tensor> = {}
    for (const [path, gradient] of Object.entries(gradients)) {
      const gained = scalars.gain === undefined ? gradient : tf.mul(gradient, scalars.gain)
      const buffer = tf.add(tf.mul(buffers[path]!, momentum), gained)
      updates[path] = nesterov ? tf.add(gradient, tf.mul(buffer, momentum)) : buffer
      kept[path] = buffer
    }
    return { updates, slots: within("momentum_buffer", kept) }
  }
})
