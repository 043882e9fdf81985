/** Installs the project's own kernels on the wasm backend, where the engine has SIMD. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import * as AddRow from "./AddRow.ts"
import * as Convolution from "./Convolution.ts"
import * as DropoutMask from "./DropoutMask.ts"
import * as Elementwise from "./Elementwise.ts"
import * as LayerNorm from "./LayerNorm.ts"
import * as Layout from "./Layout.ts"
import * as MatMul from "./MatMul.ts"
import * as Native from "./Native.ts"
import * as Optimizer from "./Optimizer.ts"
import * as Relu from "./Relu.ts"
import * as Softmax from "./Softmax.ts"
import * as Sum from "./Sum.ts"

export type { Variant } from "./Native.ts"

/** A new family of kernels is a file like them and a line here. */
export const families = {
  AddRow,
  Convolution,
  DropoutMask,
  Elementwise,
  LayerNorm,
  Layout,
  MatMul,
  Optimizer,
  Relu,
  Softmax,
  Sum
}

let installed = false

/**
 * Binds a module to the current backend, which must be wasm and have the kernels of TensorFlowFixes, and returns which; `undefined` where none works, and
 * then no kernel is replaced.
 */
export const install = async (): Promise<Native.Variant | undefined> => {
  const backend = tf.backend() as BackendWasm
  const native = Native.of(backend) ?? (await Native.bind(backend))
  if (native === undefined) return undefined
  if (!installed) for (const family of Object.values(families)) family.install()
  installed = true
  return native.variant
}
