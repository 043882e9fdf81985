/**
 * Runs XNNPACK on each product of a batch in place, after transposing.
 * **Shapes**: `a` `[..., m, k]`, `b` `[..., k, n]` (before transposes); leading dimensions broadcast.
 *
 * **Fault**: not wrong but slow: XNNPACK is used for one product of two untransposed matrices alone, and a scalar loop for all that training adds
 * (transposes, batches). Broadcasting on both sides is wrong, as on the cpu.
 * **Upstream**: pull request #2532 names the transposes and batches as future work; tensorflow/tfjs#7061 for the broadcast.
 * **Remove when**: "wasm/MatMul" of test/contract/Upstream.test.ts fails, and bench/wasm-transformer.ts is no slower without it.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { broadcastIndex, sizeOf } from "../Shape.ts"
import { onCpu } from "./CpuFallback.ts"
import { call, free, type Info, type Inputs, moduleOf, offsetOf, replace, reshaped, zeros } from "./Kernel.ts"

/** Below this many multiplications the stock loop is faster than setting up XNNPACK. */
const smallProduct = 4096

export const install = (): void => {
  const stock = tf.getKernel("BatchMatMul", "wasm").kernelFunc
  const onIntegers = onCpu("BatchMatMul")
  replace("BatchMatMul", (backend, inputs, attrs) => {
    const { a, b } = operands(inputs)
    if (a.dtype !== "float32" || b.dtype !== "float32") return onIntegers({ inputs: { a, b }, attrs, backend }) as Info
    const transposeA = attrs.transposeA === true
    const transposeB = attrs.transposeB === true
    const [m, k] = matrix(a, transposeA)
    const [inner, n] = matrix(b, transposeB)
    if (k !== inner) throw new Error(`matMul: inner dimensions ${k} and ${inner} of [${a.shape}] and [${b.shape}] differ`)
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
    const shape = [...batch, m, n]
    if (sizeOf(shape) === 0 || k === 0) return zeros(backend, shape)
    const plain = (x: Info, y: Info, tA: boolean, tB: boolean) =>
      stock({ inputs: { a: x, b: y }, attrs: { transposeA: tA, transposeB: tB }, backend }) as Info
    const batchB = sizeOf(b.shape.slice(0, -2))
    const batches = sizeOf(batch)
    if (m * k * n < smallProduct && stockBroadcasts(a, b)) return reshaped(plain(a, b, transposeA, transposeB), shape)

    const temporary: Array<Info> = []
    const untransposed = (x: Info, transposed: boolean) => {
      if (!transposed) return x
      const t = transpose(backend, x)
      temporary.push(t)
      return t
    }
    const left = untransposed(a, transposeA)
    const right = untransposed(b, transposeB)
    try {
      // One matrix on the right: the batch is more rows on the left.
      if (batchB === 1) {
        const rows = sizeOf(a.shape) / k
        return reshaped(plain(reshaped(left, [1, rows, k]), reshaped(right, [1, k, n]), false, false), shape)
      }
      const out = backend.makeOutput(shape, "float32")
      const indexA = broadcastIndex(a.shape.slice(0, -2), batch)
      const indexB = broadcastIndex(b.shape.slice(0, -2), batch)
      const at = (x: Info, index: number, rows: number, columns: number): Slot => ({
        offset: offsetOf(backend, x) + index * rows * columns * 4,
        rows,
        columns
      })
      for (let i = 0; i < batches; i++) multiply(backend, at(left, indexA(i), m, k), at(right, indexB(i), k, n), at(out, i, m, n))
      return out
    } finally {
      free(backend, temporary)
    }
  })
}

interface Slot {
  /** Bytes. */
  readonly offset: number
  readonly rows: number
  readonly columns: number
}

/** One product on stretches of the heap. The kernel knows tensors by id, so they are registered for the call. */
const multiply = (backend: BackendWasm, a: Slot, b: Slot, out: Slot): void => {
  const { cwrap, tfjs } = moduleOf(backend)
  product ??= cwrap("BatchMatMul", null, ["number", "array", "number", "number", "array", "number", "number", "number", "number"])
  for (const [id, { offset, rows, columns }] of [
    [ids.a, a],
    [ids.b, b],
    [ids.out, out]
  ] as const) {
    tfjs.registerTensor(id, rows * columns, offset)
  }
  product(ids.a, bytesOf([1, a.rows, a.columns]), 3, ids.b, bytesOf([1, b.rows, b.columns]), 3, 0, 0, ids.out)
  for (const id of [ids.a, ids.b, ids.out]) tfjs.disposeData(id)
}

/** The backend counts its ids up from 1; these are out of its way. */
const ids = { a: 0xffffff01, b: 0xffffff02, out: 0xffffff03 } as const

let product: ((...args: ReadonlyArray<number | Uint8Array>) => void) | undefined

const bytesOf = (shape: ReadonlyArray<number>) => new Uint8Array(Int32Array.from(shape).buffer)

const operands = ({ a, b }: Inputs) => ({ a: a!, b: b! })

const matrix = ({ shape }: Info, transposed: boolean): readonly [rows: number, columns: number] => {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!]
  return transposed ? [columns, rows] : [rows, columns]
}

const transpose = (backend: BackendWasm, x: Info): Info => {
  const [rows, columns] = matrix(x, false)
  return call(backend, "Transpose", { x: reshaped(x, [sizeOf(x.shape) / (rows * columns), rows, columns]) }, { perm: [0, 2, 1] })
}

/** Whether the stock kernel's own way of repeating the smaller batch is right. */
const stockBroadcasts = (a: Info, b: Info) => {
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  return sizeOf(left) === 1 || sizeOf(right) === 1 || (left.length === right.length && left.every((n, i) => n === right[i]))
}
