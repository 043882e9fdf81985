/**
 * Runs on the cpu the kernels that wasm lacks, and those of which it has a wrong one.
 *
 * **Fault**: some kernels of the cpu are missing on wasm; the kernels of `wrong` give other results than the cpu's.
 * **Upstream**: tensorflow/tfjs#4326 (closed without a fix) for training on wasm as a whole; search tensorflow/tfjs for the kernel's name and "wasm".
 * **Remove when**: for a kernel of `wrong`, "wasm/CpuKernels" of test/contract/Upstream.test.ts fails; what is missing is looked up.
 */
import * as tf from "@tensorflow/tfjs-core"
import { fallBack } from "./CpuFallback.ts"

export const install = (): void => {
  for (const kernel of wrong) fallBack(kernel)
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) {
    if (tf.getKernel(kernelName, "wasm") == null && !foreign.has(kernelName)) fallBack(kernelName)
  }
}

const wrong = [
  "Conv3DBackpropFilterV2",
  "Conv3DBackpropInputV2",
  "Dilation2D",
  "Dilation2DBackpropInput",
  "Dilation2DBackpropFilter",
  "FloorDiv",
  "MaxPool3D",
  "MaxPool3DGrad",
  "MaxPoolWithArgmax",
  "RotateWithOffset",
  "StridedSlice",
  "Transform"
]

/** Kernels on types that the wasm heap has no form for: complex numbers, strings, canvases. */
const foreign = new Set(["Complex", "Real", "Imag", "FFT", "IFFT", "ComplexAbs", "Draw", "StaticRegexReplace"])
