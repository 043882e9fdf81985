/** Moves of elements: copies by reference, gathers of rows and their gradient, and the transposes of attention's heads. */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { free, type Info, reshaped } from "../TensorFlowFixes/wasm/Kernel.ts"
import { areFilledFloats, override } from "./Kernel.ts"

export const install = (): void => {
  // As on the other backends: the stock kernels copy the data.
  override<"x">("Identity", ({ backend, inputs: { x } }) => {
    backend.incRef(x.dataId)
    return reshaped(x, x.shape)
  })

  override<"x">("Cast", ({ backend, inputs: { x }, attributes }) => {
    if (attributes.dtype !== x.dtype) return undefined
    backend.incRef(x.dataId)
    return reshaped(x, x.shape)
  })

  override<"x" | "indices">("GatherV2", ({ backend, inputs: { x, indices }, attributes, functions, at, make }) => {
    const [axis] = tf.util.parseAxisParam(attributes.axis as number, x.shape)
    if (axis !== 0 || (attributes.batchDims ?? 0) !== 0 || !isWords(x) || indices.dtype !== "int32") return undefined
    if (sizeOf(x.shape) === 0 || sizeOf(indices.shape) === 0) return undefined
    const [limit, ...row] = x.shape as [number, ...Array<number>]
    const out = make([...indices.shape, ...row], x.dtype)
    const outside = functions.gather_rows(at(x), at(indices), at(out), sizeOf(indices.shape), sizeOf(row), limit)
    if (outside < 0) return out
    // The stock kernel explains which index is out of range.
    free(backend, [out])
    return undefined
  })

  override<"x" | "segmentIds">(
    "UnsortedSegmentSum",
    ({ backend, inputs: { x, segmentIds }, attributes, functions, at, make }) => {
      if (!areFilledFloats(x) || segmentIds.dtype !== "int32") return undefined
      const segments = attributes.numSegments as number
      const row = x.shape.slice(segmentIds.shape.length)
      const out = make([segments, ...row])
      ;(backend.typedArrayFromHeap(out) as Float32Array).fill(0)
      functions.scatter_add_rows(at(x), at(segmentIds), at(out), sizeOf(segmentIds.shape), sizeOf(row), segments)
      return out
    }
  )

  override<"x">("SplitV", ({ inputs: { x }, attributes, functions, at, make }) => {
    const [axis] = tf.util.parseAxisParam(attributes.axis as number, x.shape)
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attributes.numOrSizeSplits as number | Array<number>, axis)
    if (!isWords(x) || sizeOf(x.shape) === 0) return undefined
    const [rows, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis! + 1))]
    const stride = x.shape[axis!]! * inner
    let begin = 0
    return sizes.map((size) => {
      const out = make(x.shape.with(axis!, size), x.dtype)
      const columns = size * inner
      functions.copy_columns(at(x) + begin * 4, stride, at(out), columns, rows, columns)
      begin += columns
      return out
    })
  })

  override<"x">("Transpose", ({ inputs: { x }, attributes, functions, at, make }) => {
    const swapped = swapOf(x.shape, attributes.perm as ReadonlyArray<number>)
    if (swapped === undefined || !isWords(x) || sizeOf(x.shape) === 0) return undefined
    const [outer, first, second, inner] = swapped
    const out = make(
      (attributes.perm as ReadonlyArray<number>).map((axis) => x.shape[axis]!),
      x.dtype
    )
    functions.swap_middle(at(x), at(out), outer, first, second, inner)
    return out
  })
}

/** Numbers of 32 bits. */
const isWords = ({ dtype }: Info): boolean => dtype === "float32" || dtype === "int32"

/** The lengths `[a, b, c, d]` where a permutation swaps b and c, in rows that are worth a copy. */
const swapOf = (
  shape: ReadonlyArray<number>,
  permutation: ReadonlyArray<number>
): readonly [number, number, number, number] | undefined => {
  const lengths = shape.length === 3 ? [1, ...shape] : shape
  const order = shape.length === 3 ? [0, ...permutation.map((axis) => axis + 1)] : permutation
  if (lengths.length !== 4 || order.join() !== "0,2,1,3" || lengths[3]! < 4) return undefined
  return lengths as unknown as readonly [number, number, number, number]
}
