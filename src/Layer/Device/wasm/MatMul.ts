/**
 * Matrix products. The stock kernel uses XNNPACK only for one product of two untransposed matrices, and a scalar loop for
 * all that training adds (transposes, batches): transpose first, then run XNNPACK on each product of the batch in place.
 * **Shapes**: `a` `[..., m, k]`, `b` `[..., k, n]` (before transposes); leading dimensions broadcast.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { sizeOf } from "../../../Tensor/HostTensor.ts"
import { tf } from "../../../Tensor/Tensor.ts"
import { call, free, type Info, type Inputs, type Kernel, moduleOf, offsetOf, replace, reshaped, zeros } from "./Kernel.ts"

/** Below this many multiplications the stock loop is faster than setting up XNNPACK. */
const smallProduct = 4096

export const install = (): void => {
  const stock = tf.getKernel("BatchMatMul", "wasm").kernelFunc
  replace("BatchMatMul", (backend, inputs, attrs) => {
    const { a, b } = operands(inputs)
    if (a.dtype !== "float32" || b.dtype !== "float32") throw new Error("matMul wants float32 on wasm: cast its inputs first")
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
      const indexA = batchIndex(a.shape.slice(0, -2), batch)
      const indexB = batchIndex(b.shape.slice(0, -2), batch)
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
  replace("_FusedMatMul", fused)
}

/** The stock kernel adds the bias and applies the activation once per block of 48 columns of `a`: wrong when `k > 48`. */
const fused: Kernel = (backend, inputs, attrs) => {
  const { a, b } = operands(inputs)
  const product = call(
    backend,
    "BatchMatMul",
    { a, b },
    { transposeA: attrs.transposeA === true, transposeB: attrs.transposeB === true }
  )
  const { bias, preluActivationWeights } = inputs
  const biased = bias == null ? product : then(backend, product, (x) => call(backend, "Add", { a: x, b: bias }))
  const activation = attrs.activation ?? "linear"
  if (activation === "linear") return biased
  return then(backend, biased, (x) => {
    switch (activation) {
      case "relu":
        return call(backend, "Relu", { x })
      case "relu6":
        return call(backend, "Relu6", { x })
      case "elu":
        return call(backend, "Elu", { x })
      case "sigmoid":
        return call(backend, "Sigmoid", { x })
      case "leakyrelu":
        return call(backend, "LeakyRelu", { x }, { alpha: attrs.leakyreluAlpha ?? 0 })
      case "prelu":
        return call(backend, "Prelu", { x, alpha: preluActivationWeights! })
      default:
        throw new Error(`fused matMul does not know the activation ${activation}`)
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

/** Maps the index of a product in the broadcast batch to that of its matrix in `shape`. */
const batchIndex =
  (shape: ReadonlyArray<number>, batch: ReadonlyArray<number>) =>
  (index: number): number => {
    let result = 0
    let rest = index
    let stride = 1
    for (let axis = batch.length - 1, own = shape.length - 1; own >= 0; axis--, own--) {
      const n = batch[axis]!
      const coordinate = rest % n
      rest = (rest - coordinate) / n
      if (shape[own] !== 1) result += coordinate * stride
      stride *= shape[own]!
    }
    return result
  }

/** Applies a kernel and frees its input. */
const then = (backend: BackendWasm, x: Info, f: (x: Info) => Info): Info => {
  try {
    return f(x)
  } finally {
    free(backend, [x])
  }
}
