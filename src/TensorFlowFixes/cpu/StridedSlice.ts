/**
 * Refuses a `stridedSlice` that adds an axis.
 *
 * **Fault**: elements are lost where an axis is added, without an error.
 * **Upstream**: no issue known; search tensorflow/tfjs for "stridedSlice newAxisMask wrong".
 * **Remove when**: "cpu/StridedSlice" of test/contract/Upstream.test.ts fails.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { amend } from "./Kernel.ts"

export const install = (): void => amend("StridedSlice", stridedSlice)

const stridedSlice =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    if (call.attrs?.newAxisMask !== 0) throw new Error("stridedSlice with a newAxisMask is not supported; use expandDims")
    return stock(call)
  }
