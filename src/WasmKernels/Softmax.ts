/** Softmax of the last axis, and its gradient as one kernel. */
import * as tf from "@tensorflow/tfjs-core"
import { amend } from "../TensorFlowFixes/gradients/GradientHelpers.ts"
import { areFilledFloats, define, override, rowsOf } from "./Kernel.ts"

export const install = (): void => {
  override<"logits">("Softmax", ({ inputs: { logits }, functions, at, make }) => {
    if (!areFilledFloats(logits)) return undefined
    const y = make(logits.shape)
    functions.softmax(at(logits), at(y), ...rowsOf(logits))
    return y
  })
  define<"y" | "dy">("SoftmaxGradient", ({ inputs: { y, dy }, functions, at, make }) => {
    const dx = make(y.shape)
    functions.softmax_gradient(at(y), at(dy), at(dx), ...rowsOf(y))
    return [dx]
  })
  amend("Softmax", (stock) => (dy, saved, attributes) => {
    const [y] = saved as [tf.Tensor]
    if (tf.getKernel("SoftmaxGradient", tf.getBackend()) == null || y.size === 0) return stock(dy, saved, attributes)
    return { logits: () => (tf.engine().runKernel("SoftmaxGradient", { y, dy: dy as tf.Tensor }) as Array<tf.Tensor>)[0]! }
  })
}
