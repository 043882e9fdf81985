/**
 * Multiplies matrices with the project's own product: packed, in all four transpositions, a batch in one call.
 * **Shapes**: `a` `[..., m, k]`, `b` `[..., k, n]` (before transposes); leading dimensions broadcast.
 */
import * as tf from "@tensorflow/tfjs-core"
import { broadcastIndex, sizeOf } from "../TensorFlowFixes/Shape.ts"
import type { Info } from "../TensorFlowFixes/wasm/Kernel.ts"
import { areFilledFloats, override } from "./Kernel.ts"

export const install = (): void =>
  override<"a" | "b">("BatchMatMul", ({ inputs: { a, b }, attributes, functions, scratch, at, make }) => {
    if (!areFilledFloats(a, b)) return undefined
    const [transposeA, transposeB] = [attributes.transposeA === true, attributes.transposeB === true]
    const [m, k] = matrix(a, transposeA)
    const [inner, n] = matrix(b, transposeB)
    if (k !== inner) return undefined
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
    const room = scratch(functions.gemm_scratch())
    const out = make([...batch, m, n])
    const [from, by, to] = [at(a), at(b), at(out)]
    const [rowA, rowB] = [a.shape.at(-1)!, b.shape.at(-1)!]
    const multiply = (offsetA: number, offsetB: number, offset: number, rows: number) =>
      functions.gemm(
        from + offsetA * 4,
        rowA,
        +transposeA,
        by + offsetB * 4,
        rowB,
        +transposeB,
        to + offset * 4,
        n,
        rows,
        n,
        k,
        0,
        0,
        room
      )
    const [count, countA, countB] = [sizeOf(batch), sizeOf(batchA), sizeOf(batchB)]
    const [stepA, stepB] = [countA === 1 ? 0 : m * k, countB === 1 ? 0 : k * n]
    // One matrix on the right: the batch is more rows on the left.
    if (countB === 1 && !transposeA) multiply(0, 0, 0, countA * m)
    else if ((stepA === 0 || countA === count) && (stepB === 0 || countB === count))
      functions.gemm_batch(from, rowA, +transposeA, stepA, by, rowB, +transposeB, stepB, to, n, m * n, m, n, k, count, room)
    else {
      const [indexA, indexB] = [broadcastIndex(batchA, batch), broadcastIndex(batchB, batch)]
      for (let i = 0; i < count; i++) multiply(indexA(i) * m * k, indexB(i) * k * n, i * m * n, m)
    }
    return out
  })

const matrix = ({ shape }: Info, transposed: boolean): readonly [rows: number, columns: number] => {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!]
  return transposed ? [columns, rows] : [rows, columns]
}
