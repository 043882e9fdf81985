/**
 * Binds the modules of native/wasm to a wasm backend: they compute in the memory of TensorFlow.js, so tensors are passed by address. Addresses and
 * sizes are unsigned 32-bit numbers; WebAssembly takes those above 2^31 as they are.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { type Info, moduleOf, offsetOf } from "../TensorFlowFixes/wasm/Kernel.ts"
import * as RelaxedSimd from "./RelaxedSimd.ts"
import * as Simd from "./Simd.ts"

/** The part of the global that is used; the types of Node have none. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => object
  readonly validate: (bytes: Uint8Array) => boolean
  readonly instantiate: (bytes: Uint8Array, imports: object) => Promise<{ readonly instance: { readonly exports: unknown } }>
}

/** **Unit**: bytes from the start of the heap. */
export type Address = number

/** Which module runs. Results of the two differ in their last bits: `relaxed-simd` rounds a product and its sum once. */
export type Variant = "relaxed-simd" | "simd"

/** The functions that the modules export; native/wasm documents them. */
export interface Functions {
  readonly exp: Unary
  readonly erf: Unary
  readonly tanh: Unary
  readonly gelu: Unary
  readonly gelu_tanh: Unary
  readonly gelu_gradient: UnaryGradient
  readonly gelu_tanh_gradient: UnaryGradient
  readonly relu: Unary
  readonly relu_gradient: UnaryGradient
  readonly add_row: (x: Address, row: Address, y: Address, ...rows: Rows) => void
  readonly gemm_scratch: () => number
  readonly gemm: (...args: [...Operand, ...Operand, ...Operand2, m: number, n: number, k: number, ...Last2]) => void
  readonly gemm_batch: (
    ...args: [...Operand, stride: number, ...Operand, stride: number, ...Operand2, stride: number, ...Sizes, scratch: Address]
  ) => void
  readonly sum_squares: (x: Address, n: number) => number
  readonly row_sums: (x: Address, out: Address, rows: number, columns: number) => void
  readonly column_sums: (x: Address, stride: number, out: Address, rows: number, columns: number, totals: Address) => void
  readonly gather_rows: (
    ...args: [x: Address, indices: Address, out: Address, count: number, columns: number, limit: number]
  ) => number
  readonly copy_columns: (...args: [x: Address, stride: number, out: Address, outStride: number, ...Rows]) => void
  readonly scatter_add_rows: (
    ...args: [x: Address, indices: Address, out: Address, count: number, columns: number, limit: number]
  ) => void
  readonly swap_middle: (x: Address, y: Address, a: number, b: number, c: number, d: number) => void
  readonly windows_to_rows: (...args: [image: Address, rows: Address, ...Lines]) => void
  readonly rows_to_windows: (...args: [rows: Address, image: Address, ...Lines]) => void
  readonly max_pool_gradient: (...args: [image: Address, dy: Address, dx: Address, ...Lines]) => void
  readonly softmax: (x: Address, y: Address, rows: number, columns: number) => void
  readonly softmax_gradient: (y: Address, dy: Address, dx: Address, rows: number, columns: number) => void
  readonly layer_norm: (
    ...args: [x: Address, weight: Address, bias: Address, y: Address, normal: Address, scale: Address, ...Rows, epsilon: number]
  ) => void
  readonly layer_norm_gradient: (
    ...args: [dy: Address, weight: Address, normal: Address, scale: Address, dx: Address, ...Rows]
  ) => void
  readonly layer_norm_parameters: (
    ...args: [dy: Address, normal: Address, weight: Address, bias: Address, ...Rows, stride: number]
  ) => void
  readonly adamw: (...args: [...Moments, ...Moved, n: number, ...Constants]) => void
  readonly dropout_mask: (
    ...args: [mask: Address, n: number, first: number, ...Words, ...Words, below: number, factor: number]
  ) => void
}

type Unary = (x: Address, y: Address, n: number) => void
type UnaryGradient = (x: Address, dy: Address, dx: Address, n: number) => void
type Operand = [address: Address, rowStride: number, transposed: number]
type Operand2 = [address: Address, rowStride: number]
type Last2 = [bias: Address, add: number, scratch: Address]
type Lines = [line: number, lines: number, geometry: Address]
type Sizes = [m: number, n: number, k: number, count: number]
type Rows = [rows: number, columns: number]
type Words = [first: number, second: number]
type Moments = [parameter: Address, gradient: Address, mean: Address, square: Address]
type Moved = [parameter: Address, mean: Address, square: Address]
type Constants = [
  factor: number,
  ...[beta1: number, rest1: number, beta2: number, rest2: number],
  ...[epsilon: number, correction: number, decay: number, rate: number]
]

export interface Native {
  readonly variant: Variant
  readonly functions: Functions
  /** Returns the address of at least so many bytes of scratch memory. A later call may move it, and what it holds is then lost. */
  readonly scratch: (bytes: number) => Address
}

/** The modules, fastest first. An engine that does not know an instruction refuses the whole module. */
const modules = [
  { variant: "relaxed-simd", base64: RelaxedSimd.base64 },
  { variant: "simd", base64: Simd.base64 }
] as const

/** Binds the fastest module that the engine accepts to a backend; `undefined` without SIMD, and where the backend does not show its memory. */
export const bind = async (
  backend: BackendWasm,
  variants: ReadonlyArray<Variant> = ["relaxed-simd", "simd"]
): Promise<Native | undefined> => {
  const { memory } = moduleOf(backend).asm ?? {}
  if (!(memory instanceof WebAssembly.Memory)) return undefined
  for (const { variant, base64 } of modules) {
    if (!variants.includes(variant)) continue
    const bytes = decode(base64)
    if (!WebAssembly.validate(bytes)) continue
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } })
    const native = { variant, functions: instance.exports as Functions, scratch: scratchOf(backend) }
    bound.set(backend, native)
    return native
  }
  return undefined
}

/** Returns the module that is bound to a backend. */
export const of = (backend: BackendWasm): Native | undefined => bound.get(backend)

/** Returns the address of a tensor. */
export const at = (backend: BackendWasm, info: Info): Address => offsetOf(backend, info)

/** A backend takes its heap with it, and so the scratch memory. */
const bound = new WeakMap<BackendWasm, Native>()

/** The backend's allocator has no zero-sized blocks, and aligns to 16 bytes. */
const scratchOf = (backend: BackendWasm) => {
  let [address, size] = [0, 0]
  return (bytes: number): Address => {
    if (bytes <= size) return address
    const { _free, _malloc } = moduleOf(backend)
    if (size > 0) _free(address)
    size = 0
    address = _malloc(bytes) >>> 0
    size = bytes
    return address
  }
}

const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
