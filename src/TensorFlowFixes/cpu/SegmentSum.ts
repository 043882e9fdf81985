/**
 * Replaces `unsortedSegmentSum`, which the gradient of a gather (so of every embedding) is computed by, with one loop over the ids.
 *
 * **Fault**: the kernel compares every id with every segment: quadratic time. The result is right.
 * **Upstream**: no issue known; search tensorflow/tfjs for "unsortedSegmentSum slow cpu".
 * **Remove when**: "cpu/SegmentSum" of test/contract/Upstream.test.ts fails.
 */
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu"
import type * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"
import { amend } from "./Kernel.ts"

export const install = (): void => amend("UnsortedSegmentSum", () => unsortedSegmentSum)

const unsortedSegmentSum: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo }
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs
  const cpu = backend as MathBackendCPU
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)]
  const sums = x.dtype === "float32" ? new Float32Array(sizeOf(shape)) : new Int32Array(sizeOf(shape))
  segmentSum(sums, cpu.readSync(x.dataId) as Float32Array, cpu.readSync(segmentIds.dataId) as Int32Array)
  return cpu.makeTensorInfo(shape, x.dtype, sums)
}

/** Adds each row of `values` to the row of `sums` that its id names. */
export const segmentSum = (sums: Values, values: Values, ids: Values): void => {
  const width = values.length / ids.length
  for (let i = 0; i < ids.length; i++) {
    const to = ids[i]! * width
    if (to < 0 || to >= sums.length) continue
    const from = i * width
    for (let j = 0; j < width; j++) sums[to + j] = sums[to + j]! + values[from + j]!
  }
}

type Values = Float32Array | Int32Array
