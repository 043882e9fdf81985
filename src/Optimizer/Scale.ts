/** Scaling by the learning rate, with the sign of gradient descent. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Transformation } from "./Transformation.ts"

/**
 * Multiplies by minus the learning rate: the last link of an optimizer.
 *
 * @example
 * ```ts
 * import { Scale } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Scale.byLearningRate.scalars({ step: 3, learningRate: 0.5 }), { negativeRate: -0.5 })
 * ```
 */
export const byLearningRate: Transformation = {
  name: "learning_rate",
  init: () => ({}),
  scalars: ({ learningRate }) => ({ negativeRate: -learningRate }),
  update: ({ gradients, scalars }) => ({
    updates: Tree.map(gradients, (gradient) => tf.mul(gradient, scalars.negativeRate!)),
    slots: {}
  })
}

/** Computes the root of a tensor's mean square. **Shapes**: scalar. */
export const rms = (tensor: Tensor): Tensor => tf.sqrt(tf.mean(tf.square(tensor)))
