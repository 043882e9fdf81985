/**
 * Repeats the batches of `matMul` before the product where both sides are broadcast.
 *
 * **Fault**: the result is wrong unless one side has all of the batch, or a single matrix.
 * **Upstream**: tensorflow/tfjs#7061; pull request #7062 mended the other cases.
 * **Remove when**: "cpu/MatMul" of test/contract/Upstream.test.ts fails.
 */

import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu"
import * as tf from "@tensorflow/tfjs-core"
import { broadcastIndex, sizeOf } from "../Shape.ts"
import { amend } from "./Kernel.ts"

export const install = (): void => amend("BatchMatMul", batchMatMul)

const batchMatMul =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo }
    const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(left, right)
    if ([left, right].some((own) => sizeOf(own) > 1 && sizeOf(own) < sizeOf(batch))) {
      const cpu = backend as MathBackendCPU
      const repeated = [repeat(cpu, a, batch), repeat(cpu, b, batch)] as const
      try {
        return stock({ inputs: { a: repeated[0], b: repeated[1] }, backend, ...(attrs === undefined ? {} : { attrs }) })
      } finally {
        for (const { dataId } of repeated) cpu.disposeData(dataId, true)
      }
    }
    return stock({ inputs, backend, ...(attrs === undefined ? {} : { attrs }) })
  }

const repeat = (cpu: MathBackendCPU, x: tf.TensorInfo, batch: ReadonlyArray<number>): tf.TensorInfo => {
  const matrix = x.shape.slice(-2)
  const size = sizeOf(matrix)
  const from = cpu.readSync(x.dataId) as Float32Array
  const to = new Float32Array(sizeOf(batch) * size)
  const at = broadcastIndex(x.shape.slice(0, -2), batch)
  for (let i = 0; i < sizeOf(batch); i++) to.set(from.subarray(at(i) * size, (at(i) + 1) * size), i * size)
  return cpu.makeTensorInfo([...batch, ...matrix], x.dtype, to)
}
