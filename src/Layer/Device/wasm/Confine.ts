/**
 * Where TensorFlow.js's own wasm kernels can be trusted. Most are written for float32: on other dtypes they leave the result as
 * they found it (uninitialised), wrap integers, or trap on a division by zero; on an empty tensor they read and write past its end, which
 * destroys the heap. So each runs only on what it was proven for (test/contract/DeviceForward.ts), and the cpu computes the rest.
 */
import { sizeOf } from "../../../Tensor/HostTensor.ts"
import { tf } from "../../../Tensor/Tensor.ts"
import { onCpu } from "./CpuFallback.ts"
import type { Info } from "./Kernel.ts"

/** Confines every stock kernel that the cpu can stand in for. Runs before ours take their places. */
export const install = (): void => {
  for (const { kernelName } of tf.getKernelsForBackend("wasm")) {
    if (!weightless.has(kernelName) && tf.getKernel(kernelName, "cpu") != null) confine(kernelName)
  }
}

const confine = (kernelName: string): void => {
  const stock = tf.getKernel(kernelName, "wasm")
  const elsewhere = onCpu(kernelName)
  const fits = moves.has(kernelName) ? isFilled : isFilledFloat
  tf.unregisterKernel(kernelName, "wasm")
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) => {
      for (const info of Object.values(call.inputs)) if (info != null && !fits(info)) return elsewhere(call)
      return stock.kernelFunc(call)
    }
  })
}

const isFilled = ({ shape }: Info) => sizeOf(shape) > 0

const isFilledFloat = (info: Info) => info.dtype === "float32" && isFilled(info)

/** Kernels that give the same data another name. */
const weightless = new Set(["Identity", "Reshape", "ExpandDims"])

/** Kernels that move elements and do not look at them. */
const moves = new Set(["Concat", "GatherV2", "Pack", "PadV2", "Slice", "SplitV", "Tile", "Transpose", "Unpack"])
