/**
 * Registers the gradient of `cumprod`, without a division, so that zeros are no special case.
 *
 * **Fault**: there is none.
 * **Upstream**: no issue known; search tensorflow/tfjs for "gradient function not found for Cumprod".
 * **Remove when**: "gradients/Cumprod" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { GradFunc } from "./GradientHelpers.ts"

export const install = (): void => tf.registerGradient({ kernelName: "Cumprod", inputsToSave: ["x"], gradFunc: cumprod })

/**
 * The product of all elements before one, times what follows it, which is a recurrence from the end:
 * `s(i) = dy(i) + x(i + 1) s(i + 1)`, with `dy(i + 1)` in the place of `dy(i)` for an exclusive product.
 */
const cumprod: GradFunc = (dy, saved, attrs) => {
  const { axis, exclusive, reverse } = attrs as unknown as tf.CumprodAttrs
  const oriented = (t: tf.Tensor) => (reverse ? tf.reverse(t, axis) : t)
  return {
    x: () => {
      const x = oriented(saved[0]!)
      const xs = tf.unstack(x, axis)
      const dys = tf.unstack(oriented(dy as tf.Tensor), axis)
      const after: Array<tf.Tensor> = []
      for (let i = xs.length - 1; i >= 0; i--) {
        const next = after[0] === undefined ? undefined : tf.mul(xs[i + 1]!, after[0])
        const own = dys[exclusive ? i + 1 : i] ?? tf.zerosLike(xs[i]!)
        after.unshift(next === undefined ? own : tf.add(own, next))
      }
      return oriented(tf.mul(tf.cumprod(x, axis, true), tf.stack(after, axis)))
    }
  }
}
