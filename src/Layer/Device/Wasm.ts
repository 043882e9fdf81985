/**
 * The device `wasm`: WebAssembly, one thread. Kernels that TensorFlow.js lacks or has wrong are replaced (src/TensorFlowFixes), and where the engine has
 * SIMD the slow and inexact ones too (src/WasmKernels).
 */
import { Layer } from "effect"
import { install } from "../../TensorFlowFixes/wasm/Install.ts"
import * as WasmKernels from "../../WasmKernels/Install.ts"
import { acquire } from "./Backend.ts"
import { Device } from "./Device.ts"

/** Provides the device `wasm`. **Errors**: `DeviceUnavailable`. */
export const layer = Layer.effect(
  Device,
  acquire({
    name: "wasm",
    load: () => Promise.all([import("@tensorflow/tfjs-backend-cpu"), import("@tensorflow/tfjs-backend-wasm")]),
    prepare: async () => {
      install()
      return (await WasmKernels.install()) ?? "stock"
    }
  })
)
