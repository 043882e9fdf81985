/**
 * Registers zero as the gradient of `equal`, `notEqual`, `greater`, `less` and `lessEqual` (`greaterEqual` has it).
 *
 * **Fault**: they have no gradient, so differentiating `tf.where(tf.greater(x, 0), ...)` throws.
 * **Upstream**: tensorflow/tfjs#619 (closed without a fix).
 * **Remove when**: "gradients/Comparison" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { GradFunc } from "./GradientHelpers.ts"

export const install = (): void => {
  for (const kernelName of ["Equal", "NotEqual", "Greater", "Less", "LessEqual"]) {
    tf.registerGradient({ kernelName, inputsToSave: ["a", "b"], gradFunc })
  }
}

const gradFunc: GradFunc = (_, saved) => {
  const [a, b] = saved as [tf.Tensor, tf.Tensor]
  return { a: () => tf.zeros(a.shape), b: () => tf.zeros(b.shape) }
}
