/** A bias to the scores of an attention by how far a key is from its query, in buckets that widen with the distance. */
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { parameter } from "./Model.ts"

export interface Options {
  readonly queries: number
  readonly keys: number
  /** Rows of the table. */
  readonly buckets: number
  /** Beyond it all is one bucket. **Unit**: tokens. */
  readonly maxDistance: number
  /** Whether keys after the query have buckets of their own (encoders); otherwise they share that of distance 0. */
  readonly bidirectional: boolean
}

/**
 * Looks the bias up in the table at `path`. The last query is at the last key's place.
 *
 * **Shapes**: the table is `[buckets, heads]`, the result `[1, heads, queries, keys]`.
 *
 * **Errors**: throws `MissingField`.
 *
 * **Source**: Raffel et al. 2020 (T5), https://arxiv.org/abs/1910.10683.
 */
export const apply = (parameters: Tensors, path: string, options: Options): Tensor => {
  const { queries, keys } = options
  const places = tf.tensor2d(buckets(options), [queries, keys], "int32")
  const bias = tf.gather(parameter(parameters, `${path}.weight`), places)
  return tf.expandDims(tf.transpose(bias, [2, 0, 1]), 0)
}

/**
 * Numbers the bucket of each query and key: half of them are one distance each, the rest grow with the logarithm of it.
 *
 * **Shapes**: `[queries, keys]`, row-major.
 *
 * @example
 * ```ts
 * import { RelativePosition } from "regimen/nn"
 * import assert from "node:assert/strict"
 *
 * const row = RelativePosition.buckets({ queries: 1, keys: 6, buckets: 4, maxDistance: 8, bidirectional: false })
 * assert.deepEqual(Array.from(row), [3, 3, 2, 2, 1, 0])
 * ```
 */
export const buckets = (options: Options): Int32Array => {
  const { queries, keys, maxDistance, bidirectional } = options
  const count = bidirectional ? options.buckets / 2 : options.buckets
  const exact = Math.floor(count / 2)
  const bucket = (ahead: number) => {
    const distance = bidirectional ? Math.abs(ahead) : Math.max(0, -ahead)
    const base = bidirectional && ahead > 0 ? count : 0
    if (distance < exact) return base + distance
    // Rounded to float32 as the original is: it decides at the edges of buckets.
    const share = Math.fround(Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maxDistance / exact)))
    return base + Math.min(count - 1, exact + Math.trunc(Math.fround(share * (count - exact))))
  }
  return Int32Array.from({ length: queries * keys }, (_, at) => {
    const query = keys - queries + Math.floor(at / keys)
    return bucket((at % keys) - query)
  })
}
