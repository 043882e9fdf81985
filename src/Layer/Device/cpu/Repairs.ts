/** What the cpu backend, the reference for the others, has wrong itself or does in quadratic time. */
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu"
import { sizeOf } from "../../../Tensor/HostTensor.ts"
import { tf } from "../../../Tensor/Tensor.ts"
import { broadcastIndex } from "./Broadcast.ts"
import { segmentSum } from "./SegmentSum.ts"

/** Replaces kernels. Runs when the backend is there; later calls do nothing. */
export const install = (): void => {
  if (installed) return
  installed = true
  replace("BatchMatMul", batchMatMul)
  replace("ResizeBilinearGrad", resizeBilinearGrad)
  replace("StridedSlice", stridedSlice)
  replace("TensorScatterUpdate", tensorScatterUpdate)
  replace("UnsortedSegmentSum", () => unsortedSegmentSum)
}

let installed = false

const replace = (kernelName: string, make: (stock: tf.KernelFunc) => tf.KernelFunc): void => {
  const stock = tf.getKernel(kernelName, "cpu")
  tf.unregisterKernel(kernelName, "cpu")
  tf.registerKernel({ ...stock, kernelFunc: make(stock.kernelFunc) })
}

/** The stock kernel gives a wrong result unless a side has all of the batch, or one matrix: repeat first. */
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

/** The stock kernel names height and width in the wrong order. */
const resizeBilinearGrad =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  (call) => ({ ...(stock(call) as tf.TensorInfo), shape: [...call.inputs.images!.shape] })

/** TensorFlow.js loses elements where an axis is added, and says nothing. */
const stridedSlice =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  (call) => {
    if (call.attrs?.newAxisMask !== 0) throw new Error("stridedSlice cannot add an axis: use expandDims for it")
    return stock(call)
  }

/** The stock kernel writes into its input. */
const tensorScatterUpdate =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  ({ inputs, attrs, backend }) => {
    const cpu = backend as MathBackendCPU
    const { tensor } = inputs as { tensor: tf.TensorInfo }
    const copy = cpu.makeTensorInfo(tensor.shape, tensor.dtype, (cpu.readSync(tensor.dataId) as Float32Array).slice())
    try {
      return stock({ inputs: { ...inputs, tensor: copy }, backend, ...(attrs === undefined ? {} : { attrs }) })
    } finally {
      cpu.disposeData(copy.dataId, true)
    }
  }

/** The stock kernel compares every id with every segment. */
const unsortedSegmentSum: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo }
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs
  const cpu = backend as MathBackendCPU
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)]
  const sums = x.dtype === "float32" ? new Float32Array(sizeOf(shape)) : new Int32Array(sizeOf(shape))
  segmentSum(sums, cpu.readSync(x.dataId) as Float32Array, cpu.readSync(segmentIds.dataId) as Int32Array)
  return cpu.makeTensorInfo(shape, x.dtype, sums)
}
