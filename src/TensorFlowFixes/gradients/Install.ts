/** Installs the gradients that TensorFlow.js lacks or has wrong, on every backend. */
import * as AveragePooling from "./AveragePooling.ts"
import * as BroadcastBinary from "./BroadcastBinary.ts"
import * as Comparison from "./Comparison.ts"
import * as Cumprod from "./Cumprod.ts"
import * as Cumsum from "./Cumsum.ts"
import * as DilatedConvolution from "./DilatedConvolution.ts"
import * as Einsum from "./Einsum.ts"
import * as Indexing from "./Indexing.ts"
import * as MatMul from "./MatMul.ts"
import * as MirrorPad from "./MirrorPad.ts"
import * as StockGradients from "./StockGradients.ts"
import * as StridedSlice from "./StridedSlice.ts"
import * as TopK from "./TopK.ts"
import * as Unpack from "./Unpack.ts"

/** StockGradients first: most of the others amend a gradient that it registers. */
const fixes = [
  StockGradients,
  AveragePooling,
  BroadcastBinary,
  Comparison,
  Cumprod,
  Cumsum,
  DilatedConvolution,
  Einsum,
  Indexing,
  MatMul,
  MirrorPad,
  StridedSlice,
  TopK,
  Unpack
]

let installed = false

/** Registers every gradient; later calls do nothing. **Errors**: throws `GradientsMissing`. */
export const install = (): void => {
  if (installed) return
  for (const fix of fixes) fix.install()
  installed = true
}
