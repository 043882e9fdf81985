/** Adam: each gradient's running mean over the root of its running mean square. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  readonly beta1?: number
  readonly beta2?: number
  /** Added to `sqrt(v)` in the denominator. */
  readonly epsilon?: number
  /** Adds epsilon to `sqrt(v)` before its bias correction, not after: the paper's epsilon hat. */
  readonly epsilonHat?: boolean
  /** Divides by the root of the largest mean square so far. */
  readonly amsgrad?: boolean
}

/**
 * Rescales gradients as Adam does, bias-corrected. With `c_i = 1 - beta_i^t` the update `(m / c_1) / (sqrt(v / c_2) + epsilon)` is computed as
 * `(sqrt(c_2) / c_1) m / (sqrt(v) + epsilon sqrt(c_2))` (without the last factor for `epsilonHat`): both corrections are scalars that the host computes in float64.
 *
 * **Shapes**: slots `exp_avg`, `exp_avg_sq` (and `max_exp_avg_sq`), each as the parameters'.
 *
 * **Source**: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980; AMSGrad: Reddi et al. 2018, https://arxiv.org/abs/1904.09237; `adam_beta1`, `adam_beta2`, `adam_epsilon`.
 *
 * @example
 * ```ts
 * import { Adam } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const { correction } = Adam.scaleByAdam().scalars({ step: 0, learningRate: 1e-3 })
 * assert.ok(Math.abs(correction! - Math.sqrt(1e-3) / 0.1) < 1e-12)
 * ```
 */
export const scaleByAdam = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  epsilonHat = false,
  amsgrad = false
}: Options = {}): Transformation => ({
  name: "adam",
  init: (parameters) => {
    const zeros = (slot: string) =>
      Tree.prefix(
        Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
        slot
      )
    return { ...zeros("exp_avg"), ...zeros("exp_avg_sq"), ...(amsgrad ? zeros("max_exp_avg_sq") : {}) }
  },
  scalars: ({ step }) => {
    const sqrtBiasCorrection2 = Math.sqrt(1 - beta2 ** (step + 1))
    return {
      correction: sqrtBiasCorrection2 / (1 - beta1 ** (step + 1)),
      epsilon: epsilonHat ? epsilon : epsilon * sqrtBiasCorrection2
    }
  },
  update: ({ gradients, slots, scalars }) => {
    const newSlots: Record<string, Tensor> = {}
    const updates = Tree.map(gradients, (gradient, path) => {
      const [meanPath, squarePath, largestPath] = [`exp_avg.${path}`, `exp_avg_sq.${path}`, `max_exp_avg_sq.${path}`]
      const mean = tf.add(tf.mul(slots[meanPath]!, beta1), tf.mul(gradient, 1 - beta1))
      const square = tf.add(tf.mul(slots[squarePath]!, beta2), tf.mul(tf.square(gradient), 1 - beta2))
      const secondMoment = amsgrad ? tf.maximum(slots[largestPath]!, square) : square
      Object.assign(newSlots, { [meanPath]: mean, [squarePath]: square }, amsgrad ? { [largestPath]: secondMoment } : {})
      return tf.mul(tf.div(mean, tf.add(tf.sqrt(secondMoment), scalars.epsilon!)), scalars.correction!)
    })
    return { updates, slots: newSlots }
  }
})
