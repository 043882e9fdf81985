/**
 * Adds `unsortedSegmentSum`, the gradient of a gather and so of every embedding.
 *
 * **Fault**: it is missing.
 * **Upstream**: tensorflow/tfjs#8082 (open).
 * **Remove when**: "wasm/SegmentSum" of test/contract/Upstream.test.ts fails.
 */

import type * as tf from "@tensorflow/tfjs-core"
import { segmentSum } from "../cpu/SegmentSum.ts"
import { sizeOf } from "../Shape.ts"
import { type Kernel, replace } from "./Kernel.ts"

export const install = (): void => replace("UnsortedSegmentSum", unsortedSegmentSum)

/** **Shapes**: `x` `[...ids, ...rest]`, `segmentIds` `[...ids]`, result `[numSegments, ...rest]`. Ids out of range are left out. */
const unsortedSegmentSum: Kernel = (backend, inputs, attrs) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo }
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs
  const out = backend.makeOutput([numSegments, ...x.shape.slice(segmentIds.shape.length)], x.dtype)
  const [sums, values, ids] = [out, x, segmentIds].map((info) => backend.typedArrayFromHeap(info)) as [Values, Values, Values]
  if (sizeOf(out.shape) > 0) segmentSum(sums.fill(0), values, ids)
  return out
}

type Values = Float32Array | Int32Array
