/** What a query may not see, as a number that is added to its scores: 0, or the lowest float32. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"

/** **Shapes**: broadcasts to `[batch, heads, queries, keys]`. Undefined: everything may be seen. */
export type Mask = Tensor | undefined

/**
 * Hides keys: those where `mask` is 0.
 *
 * **Shapes**: `[batch, keys]` to `[batch, 1, 1, keys]`, or `[batch, queries, keys]` to `[batch, 1, queries, keys]`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Masks } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const mask = Masks.both(Masks.padding(tf.tensor2d([[1, 1, 0]], [1, 3], "int32")), Masks.causal({ queries: 3, keys: 3 }))!
 * assert.deepEqual(Array.from(mask.dataSync(), (hidden) => hidden === 0), [true, false, false, true, true, false, true, true, false])
 * ```
 */
export const padding = (mask: Mask): Mask => {
  if (mask === undefined) return undefined
  const [batch, ...rest] = mask.shape as [number, ...Array<number>]
  const shape = rest.length === 1 ? [batch, 1, 1, ...rest] : [batch, 1, ...rest]
  return tf.mul(tf.sub(1, tf.cast(tf.reshape(mask, shape), "float32")), lowest)
}

/**
 * Hides what comes after each query; with a window, also what lies `window` places or more before it. The last query sees the last key, so that queries
 * may follow keys of an earlier pass.
 *
 * **Shapes**: `[1, 1, queries, keys]`.
 */
export const causal = (options: { readonly queries: number; readonly keys: number; readonly window?: number }): Mask => {
  const { queries, keys, window = Infinity } = options
  if (queries === 1 && keys <= window) return undefined
  const data = new Float32Array(queries * keys)
  for (let query = 0; query < queries; query++) {
    const place = keys - queries + query
    data.fill(lowest, query * keys + place + 1, (query + 1) * keys)
    if (place >= window) data.fill(lowest, query * keys, query * keys + place - window + 1)
  }
  return tf.tensor(data, [1, 1, queries, keys])
}

/** Hides what either hides. */
export const both = (left: Mask, right: Mask): Mask =>
  left === undefined ? right : right === undefined ? left : tf.minimum(left, right)

/** Of float32. A sum of two would be infinite, and a query that sees nothing NaN. */
const lowest = -3.4028234663852886e38
