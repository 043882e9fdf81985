/**
 * Computes the gradient of a dilated `conv2d` or `depthwiseConv2d` by that of a larger filter with zeros between its elements.
 *
 * **Fault**: a dilation above 1 is refused ("dilation rates greater than 1 are not yet supported in gradients").
 * **Upstream**: tensorflow/tfjs#7906 (closed without a fix).
 * **Remove when**: "gradients/DilatedConvolution" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { amend, type GradFunc } from "./GradientHelpers.ts"

export const install = (): void => {
  for (const kernelName of ["Conv2D", "DepthwiseConv2dNative"]) amend(kernelName, dilated)
}

const dilated =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) => {
    const [x, filter] = saved as [tf.Tensor, tf.Tensor]
    const dilations = attrs.dilations as number | ReadonlyArray<number> | null | undefined // tfjs-layers passes null for none
    const [vertical = 1, horizontal = vertical] = [dilations ?? 1].flat()
    if (vertical === 1 && horizontal === 1) return stock(dy, saved, attrs)
    const spread = spreadOut(spreadOut(filter, 0, vertical), 1, horizontal)
    const gradients = stock(dy, [x, spread], { ...attrs, dilations: [1, 1] })
    return {
      x: gradients.x!,
      filter: () => everyNth(everyNth(gradients.filter!(), 0, vertical, filter.shape[0]!), 1, horizontal, filter.shape[1]!)
    }
  }

/** Inserts `step - 1` zeros between the elements of an axis. */
const spreadOut = (x: tf.Tensor, axis: number, step: number): tf.Tensor => {
  const length = x.shape[axis]!
  const zero = tf.zeros(x.shape.map((n, i) => (i === axis ? 1 : n)))
  const indices = Array.from({ length: (length - 1) * step + 1 }, (_, i) => (i % step === 0 ? i / step : length))
  return tf.gather(tf.concat([x, zero], axis), tf.tensor1d(indices, "int32"), axis)
}

const everyNth = (x: tf.Tensor, axis: number, step: number, length: number): tf.Tensor => {
  const indices = Array.from({ length }, (_, i) => i * step)
  return tf.gather(x, tf.tensor1d(indices, "int32"), axis)
}
