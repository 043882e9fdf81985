/** Sums by segment: the gradient of a gather, so of every embedding. Stock wasm lacks it. */
import { sizeOf } from "../../../Tensor/HostTensor.ts"
import type { tf } from "../../../Tensor/Tensor.ts"
import { type Kernel, replace } from "./Kernel.ts"

export const install = (): void => replace("UnsortedSegmentSum", unsortedSegmentSum)

/** **Shapes**: `x` `[...ids, ...rest]`, `segmentIds` `[...ids]`, result `[numSegments, ...rest]`. Ids out of range are left out. */
const unsortedSegmentSum: Kernel = (backend, inputs, attrs) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo }
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs
  const rest = x.shape.slice(segmentIds.shape.length)
  const width = sizeOf(rest)
  const out = backend.makeOutput([numSegments, ...rest], x.dtype)
  const [sums, values, ids] = [out, x, segmentIds].map((info) => backend.typedArrayFromHeap(info)) as [Values, Values, Values]
  sums.fill(0)
  for (let i = 0; i < ids.length; i++) {
    const segment = ids[i]!
    if (segment < 0 || segment >= numSegments) continue
    const to = segment * width
    const from = i * width
    for (let j = 0; j < width; j++) sums[to + j] = sums[to + j]! + values[from + j]!
  }
  return out
}

type Values = Float32Array | Int32Array
