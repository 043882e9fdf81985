/** What the kernels of this folder are written with: the wasm backend's heap and its kernel registry. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"

export type Info = tf.TensorInfo
export type Attributes = tf.NamedAttrMap
export type Inputs = Readonly<Record<string, Info>>

/** The part of the Emscripten module that we use (its own types are not shipped). */
export interface Module {
  readonly HEAPU8: Uint8Array
  /** What the module exports, its memory too. */
  readonly asm?: { readonly memory?: unknown }
  _malloc: (bytes: number) => number
  readonly _free: (address: number) => void
  readonly cwrap: (
    name: string,
    returns: null,
    parameters: ReadonlyArray<"number" | "array">
  ) => (...args: ReadonlyArray<number | Uint8Array>) => void
  readonly tfjs: {
    readonly registerTensor: (id: number, size: number, offset: number) => void
    readonly disposeData: (id: number) => void
  }
}

export const moduleOf = (backend: BackendWasm): Module => backend.wasm as unknown as Module

/** A kernel: from tensors on the heap to a new one. Inputs are read-only and stay the caller's. */
export type Kernel = (backend: BackendWasm, inputs: Inputs, attributes: Attributes) => Info

/** Registers a kernel instead of the backend's own. */
export const replace = (kernelName: string, kernel: Kernel): void => {
  const stock = tf.getKernel(kernelName, "wasm")
  if (stock != null) tf.unregisterKernel(kernelName, "wasm")
  tf.registerKernel({
    ...stock,
    kernelName,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) => kernel(backend as BackendWasm, inputs as Inputs, attrs ?? {})
  })
}

/** Runs a registered kernel. The caller owns the result. */
export const call = (backend: BackendWasm, name: string, inputs: Inputs, attrs: Attributes = {}): Info => {
  const kernel = tf.getKernel(name, "wasm")
  if (kernel == null) throw new Error(`Kernel '${name}' not registered for backend 'wasm'`)
  return kernel.kernelFunc({ inputs: { ...inputs }, attrs, backend }) as Info
}

/** The same data under another shape: not a copy, and nothing to free. */
export const reshaped = ({ dataId, dtype }: Info, shape: ReadonlyArray<number>): Info => ({ dataId, dtype, shape: [...shape] })

/** A tensor's elements. Take it after the last allocation: when the heap grows, older views are detached. */
export const floats = (backend: BackendWasm, info: Info): Float32Array => backend.typedArrayFromHeap(info) as Float32Array

/** Makes a float32 tensor of zeros. */
export const zeros = (backend: BackendWasm, shape: ReadonlyArray<number>): Info => {
  const out = backend.makeOutput([...shape], "float32")
  floats(backend, out).fill(0)
  return out
}

/** Where a tensor lies on the heap, in bytes. */
export const offsetOf = (backend: BackendWasm, info: Info): number => backend.getMemoryOffset(info.dataId)

export const free = (backend: BackendWasm, infos: Iterable<Info>): void => {
  for (const info of infos) backend.disposeData(info.dataId)
}
