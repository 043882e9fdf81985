/** The `Device` namespace of the package: the service, its errors, and a layer for each device. */
import type { Layer } from "effect"
import * as Auto from "./Auto.ts"
import * as Cpu from "./Cpu.ts"
import type { Device, DeviceUnavailable } from "./Device.ts"
import * as Wasm from "./Wasm.ts"
import * as WebGpu from "./WebGpu.ts"

export { describe, onRequest, report } from "./Auto.ts"
export * from "./Device.ts"

/** Plain JavaScript: slow, and what the others are measured against. */
export const cpu = Cpu.layer
/** WebAssembly with SIMD: what a fresh install trains on. */
export const wasm = Wasm.layer
/** A GPU, for those who ask for it and install its packages. */
export const webgpu = WebGpu.layer
/** The best device that works here. */
export const auto = Auto.layer

const layers = { auto, wasm, cpu, webgpu }

export type Name = keyof typeof layers
export const names = Object.keys(layers) as ReadonlyArray<Name>

/** The layer of a device's name. */
export const named = (name: Name): Layer.Layer<Device, DeviceUnavailable> => layers[name]
