/** Adafactor: second moments stored as row and column means, and steps relative to the size of the parameters. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { rms } from "./Scale.ts"
import type { Transformation } from "./Transformation.ts"
import * as WeightDecay from "./WeightDecay.ts"

export interface Moments {
  /** Added to each squared gradient. */
  readonly epsilon?: number
  /** The mean square's decay in update t is `1 - t^decayRate`; negative. */
  readonly decayRate?: number
}

export interface Size extends WeightDecay.Decay {
  /** Uses a step size of `1 / sqrt(t)`, at most `0.01`, and ignores the run's learning rate. */
  readonly relativeStep?: boolean
  /** Warms relative steps up: at most `1e-6 t` instead of `0.01`. */
  readonly warmupInit?: boolean
  /** Multiplies each parameter's step by its root mean square. */
  readonly scaleParameter?: boolean
  /** The lower bound of that root mean square. */
  readonly smallest?: number
  /** Averages the updates, when it is not 0. */
  readonly beta1?: number
}

/**
 * Rescales gradients by the root of a running mean square, which from two dimensions on is stored as its row means `r` and column means `c`: the mean
 * square of an element is approximated by `r c / mean(r)`.
 *
 * **Shapes**: slots `exp_avg_sq_row` (the parameter's shape less the last dimension) and `exp_avg_sq_col` (less the last but one); below two dimensions
 * `exp_avg_sq`, as the parameter's.
 *
 * **Source**: Shazeer and Stern 2018, algorithms 4 and 5, https://arxiv.org/abs/1804.04235; transformers' Adafactor.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Adafactor } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const slots = Adafactor.scaleByFactoredRms().init({ w: tf.zeros([4, 3]) })
 * assert.deepEqual(slots["exp_avg_sq_row.w"]!.shape, [4])
 * assert.deepEqual(slots["exp_avg_sq_col.w"]!.shape, [3])
 * ```
 */
export const scaleByFactoredRms = ({ epsilon = 1e-30, decayRate = -0.8 }: Moments = {}): Transformation => ({
  name: "adafactor",
  init: (parameters) => {
    const zeros: Record<string, Tensor> = {}
    for (const [path, { rank, shape }] of Object.entries(parameters)) {
      if (rank < 2) zeros[`exp_avg_sq.${path}`] = tf.zeros([...shape])
      else {
        zeros[`exp_avg_sq_row.${path}`] = tf.zeros(shape.slice(0, -1))
        zeros[`exp_avg_sq_col.${path}`] = tf.zeros([...shape.slice(0, -2), ...shape.slice(-1)])
      }
    }
    return zeros
  },
  scalars: ({ step }) => {
    const gain = (step + 1) ** decayRate
    return { decay: 1 - gain, gain }
  },
  update: ({ gradients, slots, scalars }) => {
    const newSlots: Record<string, Tensor> = {}
    const average = (slot: string, value: Tensor) => {
      newSlots[slot] = tf.add(tf.mul(slots[slot]!, scalars.decay!), tf.mul(value, scalars.gain!))
      return newSlots[slot]
    }
    const updates = Tree.map(gradients, (gradient, path) => {
      const square = tf.add(tf.square(gradient), epsilon)
      if (gradient.rank < 2) return tf.mul(gradient, tf.rsqrt(average(`exp_avg_sq.${path}`, square)))
      const rows = average(`exp_avg_sq_row.${path}`, tf.mean(square, -1))
      const columns = average(`exp_avg_sq_col.${path}`, tf.mean(square, -2))
      const byRow = tf.expandDims(tf.rsqrt(tf.div(rows, tf.mean(rows, -1, true))), -1)
      return tf.mul(tf.mul(byRow, tf.expandDims(tf.rsqrt(columns), -2)), gradient)
    })
    return { updates, slots: newSlots }
  }
})

/**
 * Turns directions into steps: each is multiplied by `rate * max(smallest, RMS(parameter))` (`rate` alone without `scaleParameter`), averaged, joined by
 * the parameter's decay times the same factor, and negated. Use it instead of `Scale.byLearningRate`.
 *
 * **Shapes**: slot `exp_avg`, as the parameters', when `beta1` is not 0.
 *
 * **Source**: Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235; transformers' Adafactor.
 *
 * @example
 * ```ts
 * import { Adafactor } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const context = { step: 399, learningRate: 7 }
 * assert.deepEqual(Adafactor.step().scalars(context), { rate: 0.01 })
 * assert.deepEqual(Adafactor.step({ warmupInit: true }).scalars(context), { rate: 1e-6 * 400 })
 * assert.deepEqual(Adafactor.step({ relativeStep: false }).scalars(context), { rate: 7 })
 * ```
 */
export const step = (options: Size = {}): Transformation => {
  const { relativeStep = true, warmupInit = false, scaleParameter = true, smallest = 1e-3, beta1 = 0 } = options
  const { weightDecay = 0, decays = WeightDecay.matrices() } = options
  return {
    name: "adafactor_step",
    init: (parameters) =>
      beta1 === 0
        ? {}
        : Tree.prefix(
            Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
            "exp_avg"
          ),
    scalars: ({ step, learningRate }) => ({
      rate: relativeStep ? Math.min(warmupInit ? 1e-6 * (step + 1) : 1e-2, 1 / Math.sqrt(step + 1)) : learningRate
    }),
    update: ({ gradients, parameters, slots, scalars }) => {
      const newSlots: Record<string, Tensor> = {}
      const updates = Tree.map(gradients, (gradient, path) => {
        const parameter = parameters[path]!
        const rate = scaleParameter ? tf.mul(tf.maximum(rms(parameter), smallest), scalars.rate!) : scalars.rate!
        let step: Tensor = tf.mul(gradient, rate)
        if (beta1 !== 0) {
          step = tf.add(tf.mul(slots[`exp_avg.${path}`]!, beta1), tf.mul(step, 1 - beta1))
          newSlots[`exp_avg.${path}`] = step
        }
        const decayed = weightDecay !== 0 && decays(path) ? tf.add(step, tf.mul(parameter, tf.mul(rate, weightDecay))) : step
        return tf.neg(decayed)
      })
      return { updates, slots: newSlots }
    }
  }
}
