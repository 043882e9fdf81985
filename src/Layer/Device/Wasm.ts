/**
 * WebAssembly (SIMD, one thread): the default on a fresh install. TensorFlow.js's backend lacks kernels that training needs,
 * has some that are wrong and some that are slow; `wasm/` replaces them.
 */
import { Layer } from "effect"
import { acquire } from "./Backend.ts"
import { Device } from "./Device.ts"
import { install } from "./wasm/Pack.ts"

/** Provides the device `wasm`. **Errors**: `DeviceUnavailable`. */
export const layer = Layer.effect(
  Device,
  acquire({
    name: "wasm",
    load: () => Promise.all([import("@tensorflow/tfjs-backend-cpu"), import("@tensorflow/tfjs-backend-wasm")]),
    prepare: install
  })
)
