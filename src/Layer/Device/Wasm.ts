/** The device `wasm`: WebAssembly with SIMD, one thread. Kernels that TensorFlow.js lacks or has wrong are replaced (src/TensorFlowFixes). */
import { Layer } from "effect"
import { install } from "../../TensorFlowFixes/wasm/Install.ts"
import { acquire } from "./Backend.ts"
import { Device } from "./Device.ts"

/** Provides the device `wasm`. **Errors**: `DeviceUnavailable`. */
export const layer = Layer.effect(
  Device,
  acquire({
    name: "wasm",
    load: () => Promise.all([import("@tensorflow/tfjs-backend-cpu"), import("@tensorflow/tfjs-backend-wasm")]),
    prepare: install
  })
)
