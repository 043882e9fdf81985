/** Gradients that TensorFlow.js has on no backend. */
import { type Tensor, tf } from "./Tensor.ts"

/** Registers them; call it after TensorFlow.js's own. */
export const registerMissing = (): void => {
  for (const kernelName of comparisons) tf.registerGradient({ kernelName, inputsToSave: ["a", "b"], gradFunc: noSlope })
}

/** They are flat wherever they have a slope at all; without a gradient `tf.where(tf.greater(x, 0), ...)` throws. */
const comparisons = ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]

const noSlope = (_: Tensor | Array<Tensor>, [a, b]: Array<Tensor>) => ({
  a: () => tf.zerosLike(tf.cast(a!, "float32")),
  b: () => tf.zerosLike(tf.cast(b!, "float32"))
})
