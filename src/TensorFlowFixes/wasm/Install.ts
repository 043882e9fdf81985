/** Installs the missing, repaired and faster kernels of the wasm backend. */
import * as Cpu from "../cpu/Install.ts"
import * as Cast from "./Cast.ts"
import * as ConvolutionGradients from "./ConvolutionGradients.ts"
import * as ConvolutionPadding from "./ConvolutionPadding.ts"
import * as CpuKernels from "./CpuKernels.ts"
import * as DepthwiseGradients from "./DepthwiseGradients.ts"
import * as FailedMalloc from "./FailedMalloc.ts"
import * as Float32Only from "./Float32Only.ts"
import * as Fused from "./Fused.ts"
import * as MatMul from "./MatMul.ts"
import * as MaximumMinimum from "./MaximumMinimum.ts"
import * as MaxPoolGradient from "./MaxPoolGradient.ts"
import * as OneHot from "./OneHot.ts"
import * as SegmentSum from "./SegmentSum.ts"
import * as Select from "./Select.ts"

/**
 * In order: kernels that call the cpu's take them as they are then, `Float32Only` and `CpuKernels` look at the stock kernels, and the others
 * take the place of what these leave. A new kernel is a file like them and a line at the end of this list.
 */
const fixes = [
  FailedMalloc,
  Cpu,
  Float32Only,
  CpuKernels,
  Cast,
  ConvolutionGradients,
  DepthwiseGradients,
  Fused,
  MatMul,
  MaxPoolGradient,
  MaximumMinimum,
  OneHot,
  ConvolutionPadding,
  SegmentSum,
  Select
]

let installed = false

/** Replaces and adds kernels, and guards the heap; later calls do nothing. Call it when wasm is the current backend. */
export const install = (): void => {
  if (installed) return
  installed = true
  for (const fix of fixes) fix.install()
}
