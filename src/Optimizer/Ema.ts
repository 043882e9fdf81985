/** An exponential moving average of the weights, stored in the slots. */
import { tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

export interface Options {
  /** The decay of the average per update, in [0, 1). */
  readonly decay?: number
  /** Follows the weights closely at first: in update t the decay is at most `(1 + t) / (10 + t)`, where t counts from 0. */
  readonly warmup?: boolean
}

/**
 * Averages the weights that the updates lead to: `a = decay a + (1 - decay) (p + u)`, from the initial weights on. The updates are not changed. Make it the
 * last link of an optimizer: what later links do is not averaged.
 *
 * **Shapes**: slot `average`, as the parameters'.
 *
 * **Source**: Polyak and Juditsky 1992, https://doi.org/10.1137/0330046; the warm-up is that of TensorFlow's `ExponentialMovingAverage`.
 *
 * @example
 * ```ts
 * import { Optimizer, tf } from "regimen"
 * import { Ema, Transformation } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const optimizer = Transformation.chain(Optimizer.sgd(), Ema.ofWeights({ decay: 0.75 }))
 * const parameters = { w: tf.scalar(1) }
 * const { slots } = optimizer.update({
 *   parameters,
 *   gradients: { w: tf.scalar(8) },
 *   slots: optimizer.init(parameters),
 *   scalars: { "learning_rate.negativeRate": tf.scalar(-0.5), "ema.decay": tf.scalar(0.75), "ema.gain": tf.scalar(0.25) }
 * })
 * assert.equal(Ema.read(slots).w!.dataSync()[0], 0) // 0.75 * 1 + 0.25 * (1 - 0.5 * 8)
 * ```
 */
export const ofWeights = ({ decay = 0.999, warmup = false }: Options = {}): Transformation => ({
  name: "ema",
  init: (parameters) =>
    Tree.prefix(
      Tree.map(parameters, (parameter) => tf.clone(parameter)),
      "average"
    ),
  scalars: ({ step }) => {
    const current = warmup ? Math.min(decay, (1 + step) / (10 + step)) : decay
    return { decay: current, gain: 1 - current }
  },
  update: ({ gradients, parameters, slots, scalars }) => ({
    updates: gradients,
    slots: Tree.prefix(
      Tree.map(gradients, (update, path) =>
        tf.add(tf.mul(slots[`average.${path}`]!, scalars.decay!), tf.mul(tf.add(parameters[path]!, update), scalars.gain!))
      ),
      "average"
    )
  })
})

/**
 * Reads the averaged weights from an optimizer's slots (on the device, on the host or from a checkpoint), by the parameters' paths, also from within
 * chains and groups. Parameters that are not trained have no average.
 *
 * @example
 * ```ts
 * import { Ema } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Ema.read({ "head.ema.average.fc.weight": 1, "rest.ema.average.fc.bias": 2, "rest.adam.exp_avg.fc.bias": 3 }), {
 *   "fc.weight": 1,
 *   "fc.bias": 2
 * })
 * ```
 */
export const read = <A>(slots: Tree.Tree<A>): Record<string, A> =>
  Object.fromEntries(
    Object.entries(slots).flatMap(([slot, value]) => {
      const path = /(?:^|\.)ema\.average\.(.+)$/.exec(slot)?.[1]
      return path === undefined ? [] : [[path, value]]
    })
  )
