/** Installs the repaired kernels of the cpu backend, the reference that other devices are tested against. */
import * as MatMul from "./MatMul.ts"
import * as ResizeBilinearGradient from "./ResizeBilinearGradient.ts"
import * as SegmentSum from "./SegmentSum.ts"
import * as StridedSlice from "./StridedSlice.ts"
import * as TensorScatterUpdate from "./TensorScatterUpdate.ts"

const fixes = [MatMul, ResizeBilinearGradient, SegmentSum, StridedSlice, TensorScatterUpdate]

let installed = false

/** Replaces kernels; later calls do nothing. Call it when the cpu backend is loaded. */
export const install = (): void => {
  if (installed) return
  installed = true
  for (const fix of fixes) fix.install()
}
