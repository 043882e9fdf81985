/**
 * Computes a `stridedSlice` that drops or adds axes as one that does neither, and a reshape.
 *
 * **Fault**: with a `shrinkAxisMask` and strides on other axes, the elements are the wrong ones, without an error.
 * **Upstream**: no issue known; search tensorflow/tfjs for "stridedSlice shrinkAxisMask wrong".
 * **Remove when**: "cpu/StridedSlice" of test/contract/Upstream.test.ts fails.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { amend } from "./Kernel.ts"

export const install = (): void => amend("StridedSlice", stridedSlice)

const stridedSlice =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  ({ inputs, attrs, backend }) => {
    const given = attrs as unknown as tf.StridedSliceAttrs
    if (given.newAxisMask === 0 && given.shrinkAxisMask === 0) return stock({ inputs, attrs: attrs!, backend })
    const { dense, axes } = densified(given, inputs.x!.shape)
    const result = stock({ inputs, attrs: dense as unknown as tf.NamedAttrMap, backend }) as tf.TensorInfo
    return { ...result, shape: axes.map((axis) => (axis === "new" ? 1 : result.shape[axis]!)) }
  }

/** Returns the slice with one entry an axis of the input and without dropped or added axes, and the axes of the result. */
const densified = (given: tf.StridedSliceAttrs, shape: ReadonlyArray<number>) => {
  const dense: tf.StridedSliceAttrs = {
    begin: [],
    end: [],
    strides: [],
    beginMask: 0,
    endMask: 0,
    ellipsisMask: 0,
    newAxisMask: 0,
    shrinkAxisMask: 0
  }
  const axes: Array<number | "new"> = []
  const push = (begin: number, end: number, stride: number): number => {
    dense.begin.push(begin)
    dense.end.push(end)
    return dense.strides.push(stride) - 1
  }
  const pushAll = (count: number): void => {
    for (let i = 0; i < count; i++) axes.push(push(0, shape[dense.begin.length]!, 1))
  }
  const bit = (mask: number, i: number): number => (mask >> i) & 1
  const sparse = given.begin.map((_, i) => i)
  const named = sparse.filter((i) => bit(given.ellipsisMask, i) + bit(given.newAxisMask, i) === 0).length
  for (const i of sparse) {
    const [begin, end, stride] = [given.begin[i]!, given.end[i]!, given.strides[i]!]
    if (bit(given.ellipsisMask, i)) pushAll(shape.length - named)
    else if (bit(given.newAxisMask, i)) axes.push("new")
    else if (bit(given.shrinkAxisMask, i)) {
      const axis = dense.begin.length
      const length = shape[axis] ?? 0
      const index = begin < 0 ? begin + length : begin
      if (index < 0 || index >= length)
        throw new Error(`stridedSlice: index ${begin} is out of range for axis ${axis} of [${shape}]`)
      push(index, index + 1, 1)
    } else {
      const axis = push(begin, end, stride)
      dense.beginMask |= bit(given.beginMask, i) << axis
      dense.endMask |= bit(given.endMask, i) << axis
      axes.push(axis)
    }
  }
  pushAll(shape.length - dense.begin.length)
  return { dense, axes }
}
