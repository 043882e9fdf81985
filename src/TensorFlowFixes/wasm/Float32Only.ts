/**
 * Runs the stock wasm kernels on filled float32 tensors alone, and the cpu's on the rest.
 *
 * **Fault**: most kernels are written for float32: on other dtypes they leave the result uninitialised, wrap integers, or trap on a division by zero;
 * on an empty tensor they read and write past its end, which destroys the heap.
 * **Upstream**: tensorflow/tfjs#5641; pull request #5662 mended some kernels.
 * **Remove when**: "wasm/Float32Only" of test/contract/Upstream.test.ts fails.
 */

import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"
import { onCpu } from "./CpuFallback.ts"
import type { Info } from "./Kernel.ts"

export const install = (): void => {
  for (const { kernelName } of tf.getKernelsForBackend("wasm")) {
    if (!weightless.has(kernelName) && tf.getKernel(kernelName, "cpu") != null) restrict(kernelName)
  }
}

const restrict = (kernelName: string): void => {
  const stock = tf.getKernel(kernelName, "wasm")
  const cpuKernel = onCpu(kernelName)
  const isRight = moves.has(kernelName) ? isFilled : isFilledFloat
  tf.unregisterKernel(kernelName, "wasm")
  tf.registerKernel({
    ...stock,
    kernelFunc: (call) => {
      for (const info of Object.values(call.inputs)) if (info != null && !isRight(info)) return cpuKernel(call)
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
