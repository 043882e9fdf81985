/** Adam's step: each gradient's running mean over the root of its running mean square. */
import type { Tensor } from "../Tensor/Tensor.ts"
import { tf } from "../Tensor/Tensor.ts"
import { under, within } from "./Namespace.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  readonly beta1?: number
  readonly beta2?: number
  /** Added to the root. */
  readonly epsilon?: number
  /** Divides by the largest mean square so far. */
  readonly amsgrad?: boolean
}

/**
 * Rescales gradients as Adam does, bias-corrected. With `c_i = 1 - beta_i^t` the update `(m / c_1) / (sqrt(v / c_2) + epsilon)` is computed as
 * `(sqrt(c_2) / c_1) m / (sqrt(v) + epsilon sqrt(c_2))`: both corrections are scalars that the host computes in float64.
 *
 * **Shapes**: slots `exp_avg`, `exp_avg_sq` (and `max_exp_avg_sq`), each as the parameters'.
 *
 * **Source**: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980; AMSGrad: Reddi et al. 2018, https://arxiv.org/abs/1904.09237; `adam_beta1`, `adam_beta2`, `adam_epsilon`.
 *
 * @example
 * ```ts
 * import { Adam } from "regimen"
 * import assert from "node:assert/strict"
 *
 * const { correction } = Adam.scaleByAdam().scalars({ step: 0, learningRate: 1e-3 })
 * assert.ok(Math.abs(correction! - Math.sqrt(1e-3) / 0.1) < 1e-12)
 * ```
 */
export const scaleByAdam = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false }: Options = {}): Transformation => ({
  name: "adam",
  init: (parameters) => {
    const zeros = () => Object.fromEntries(Object.entries(parameters).map(([path, parameter]) => [path, tf.zerosLike(parameter)]))
    const slots = { ...within("exp_avg", zeros()), ...within("exp_avg_sq", zeros()) }
    return amsgrad ? { ...slots, ...within("max_exp_avg_sq", zeros()) } : slots
  },
  scalars: ({ step }) => {
    const root = Math.sqrt(1 - beta2 ** (step + 1))
    return { correction: root / (1 - beta1 ** (step + 1)), epsilon: epsilon * root }
  },
  update: ({ gradients, slots, scalars }) => {
    const means = under("exp_avg", slots)
    const squares = under("exp_avg_sq", slots)
    const largest = under("max_exp_avg_sq", slots)
    const updates: Record<string, Tensor> = {}
    const kept: Record<string, Tensor> = {}
    for (const [path, gradient] of Object.entries(gradients)) {
      const mean = tf.add(tf.mul(means[path]!, beta1), tf.mul(gradient, 1 - beta1))
      const square = tf.add(tf.mul(squares[path]!, beta2), tf.mul(tf.square(gradient), 1 - beta2))
      const bound = amsgrad ? tf.maximum(largest[path]!, square) : square
      updates[path] = tf.mul(tf.div(mean, tf.add(tf.sqrt(bound), scalars.epsilon!)), scalars.correction!)
      kept[`exp_avg.${path}`] = mean
      kept[`exp_avg_sq.${path}`] = square
      if (amsgrad) kept[`max_exp_avg_sq.${path}`] = bound
    }
    return { updates, slots: kept }
  }
})
