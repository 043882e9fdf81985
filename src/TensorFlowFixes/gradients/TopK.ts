/**
 * Registers the gradient of `topk`: each value's goes to the element that it came from.
 *
 * **Fault**: there is none.
 * **Upstream**: tensorflow/tfjs#1601 (closed without a fix).
 * **Remove when**: "gradients/TopK" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"
import { type GradFunc, scatterAdd } from "./GradientHelpers.ts"

export const install = (): void =>
  tf.registerGradient({ kernelName: "TopK", inputsToSave: ["x"], outputsToSave: [false, true], gradFunc: topK })

const topK: GradFunc = (dy, saved) => {
  const [x, indices] = saved as [tf.Tensor, tf.Tensor]
  const [dValues] = dy as [tf.Tensor, tf.Tensor]
  return {
    x: () => {
      const length = x.shape.at(-1)!
      const rows = sizeOf(x.shape.slice(0, -1))
      const first = tf.reshape(tf.mul(tf.range(0, rows, 1, "int32"), tf.scalar(length, "int32")), [rows, 1])
      return scatterAdd(dValues, tf.add(tf.reshape(indices, [rows, -1]), first), x.shape)
    }
  }
}
