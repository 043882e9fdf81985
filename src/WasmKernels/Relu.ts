/** The rectifier, and its gradient as one kernel in the place of `step`, `cast` and `mul`. Both pass on NaN. */
import * as tf from "@tensorflow/tfjs-core"
import { amend } from "../TensorFlowFixes/gradients/GradientHelpers.ts"
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { areFilledFloats, define, override } from "./Kernel.ts"

export const install = (): void => {
  override<"x">("Relu", ({ inputs: { x }, functions, at, make }) => {
    if (!areFilledFloats(x)) return undefined
    const y = make(x.shape)
    functions.relu(at(x), at(y), sizeOf(x.shape))
    return y
  })
  define<"x" | "dy">("ReluGradient", ({ inputs: { x, dy }, functions, at, make }) => {
    const dx = make(x.shape)
    functions.relu_gradient(at(x), at(dy), at(dx), sizeOf(x.shape))
    return [dx]
  })
  amend("Relu", (stock) => (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor]
    const isOurs = tf.getKernel("ReluGradient", tf.getBackend()) != null && x.size > 0 && x.dtype === "float32"
    if (!isOurs) return stock(dy, saved, attributes)
    return { x: () => (tf.engine().runKernel("ReluGradient", { x, dy: dy as tf.Tensor }) as Array<tf.Tensor>)[0]! }
  })
}
