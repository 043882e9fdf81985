/**
 * Registers the gradient of `tf.einsum`.
 *
 * **Fault**: there is none.
 * **Upstream**: tensorflow/tfjs#8277 (open), tensorflow/tfjs#5690 (closed without a fix).
 * **Remove when**: "gradients/Einsum" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { einsum, parse } from "../Einsum.ts"
import type { GradFunc } from "./GradientHelpers.ts"

export const install = (): void => tf.registerGradient({ kernelName: "Einsum", saveAllInputs: true, gradFunc })

/** The gradient of an operand is the product of the others and `dy`; along a label that only it has, it is repeated. */
const gradFunc: GradFunc = (dy, saved, attrs) => {
  const { inputs, output } = parse(attrs.equation as string)
  const gradient = (i: number) => (): tf.Tensor => {
    const { shape } = saved[i]!
    const own = inputs[i]!
    const other = inputs[1 - i]
    const known = own.filter((label) => output.includes(label) || other?.includes(label))
    const partial =
      other === undefined
        ? einsum(`${output.join("")}->${known.join("")}`, dy as tf.Tensor)
        : einsum(`${output.join("")},${other.join("")}->${known.join("")}`, dy as tf.Tensor, saved[1 - i]!)
    const lengths = own.map((label, axis) => (known.includes(label) ? shape[axis]! : 1))
    return tf.broadcastTo(tf.reshape(partial, lengths), shape as [number])
  }
  return Object.fromEntries(inputs.map((_, i) => [i, gradient(i)]))
}
