/** The wasm backend with each module of native/wasm, and without: for tests that compare them. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { Context, Effect, Layer, Scope } from "effect"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { withoutOurs } from "../../src/WasmKernels/Kernel.ts"
import * as Native from "../../src/WasmKernels/Native.ts"

/** Starts the device, which stays until the process ends, and binds a module to it. */
const start = (variant: Native.Variant) => async () => {
  await Effect.runPromise(Effect.provide(Layer.build(Wasm.layer), Context.make(Scope.Scope, Scope.makeUnsafe())))
  const bound = await Native.bind(tf.backend() as BackendWasm, [variant])
  if (bound?.variant !== variant) throw new Error(`the engine does not run the module ${variant}`)
}

/** Computes without src/WasmKernels, on the kernels that are there otherwise. */
const without = <A>(f: () => A): A => {
  const ours = tf.getKernelsForBackend("wasm")
  use(withoutOurs())
  try {
    return f()
  } finally {
    use(ours)
  }
}

const use = (kernels: ReadonlyArray<tf.KernelConfig>) => {
  for (const { kernelName } of tf.getKernelsForBackend("wasm")) tf.unregisterKernel(kernelName, "wasm")
  for (const kernel of kernels) tf.registerKernel(kernel)
}

export const variants = (["relaxed-simd", "simd"] as const).map((variant) => ({ variant, start: start(variant), without }))
