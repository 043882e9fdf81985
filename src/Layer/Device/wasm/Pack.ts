/** Makes the wasm backend fit for training. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { tf } from "../../../Tensor/Tensor.ts"
import * as Repairs from "../cpu/Repairs.ts"
import * as Cast from "./Cast.ts"
import * as Confine from "./Confine.ts"
import * as Convolution from "./Convolution.ts"
import { fallBack } from "./CpuFallback.ts"
import * as Depthwise from "./Depthwise.ts"
import * as Extrema from "./Extrema.ts"
import * as Fused from "./Fused.ts"
import * as Heap from "./Heap.ts"
import * as MatMul from "./MatMul.ts"
import * as OneHot from "./OneHot.ts"
import * as Pooling from "./Pooling.ts"
import * as Segment from "./Segment.ts"
import * as Select from "./Select.ts"
import * as Windows from "./Windows.ts"

/** Replaces and adds kernels, and guards the heap. Runs when wasm is the current backend; later calls do nothing. */
export const install = (): void => {
  if (installed) return
  installed = true
  Heap.guard(tf.backend() as BackendWasm)
  Repairs.install()
  Confine.install()
  for (const kernel of wrong) fallBack(kernel)
  for (const { kernelName } of tf.getKernelsForBackend("cpu")) {
    if (tf.getKernel(kernelName, "wasm") == null && !foreign.has(kernelName)) fallBack(kernelName)
  }
  for (const family of [Cast, Convolution, Depthwise, Extrema, Fused, MatMul, OneHot, Pooling, Segment, Select, Windows])
    family.install()
}

let installed = false

/** Kernels whose results on stock wasm differ from the cpu's. */
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
