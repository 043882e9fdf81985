/**
 * Registers the gradient of `stridedSlice`, for every mask.
 *
 * **Fault**: there is none.
 * **Upstream**: no issue known; search tensorflow/tfjs for "gradient function not found for StridedSlice".
 * **Remove when**: "gradients/StridedSlice" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { flatIndices, type GradFunc, scatterAdd } from "./GradientHelpers.ts"

export const install = (): void =>
  tf.registerGradient({ kernelName: "StridedSlice", inputsToSave: ["x"], gradFunc: stridedSlice })

/** The same slice of the indices gives where each element came from. */
const stridedSlice: GradFunc = (dy, saved, attrs) => {
  const { shape } = saved[0]!
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
    attrs as unknown as tf.StridedSliceAttrs
  return {
    x: () => {
      const indices = flatIndices(shape)
      const taken = tf.stridedSlice(indices, begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask)
      return scatterAdd(dy as tf.Tensor, taken, shape)
    }
  }
}
