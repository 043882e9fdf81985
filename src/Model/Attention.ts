/** Scaled dot-product attention of several heads, over keys and values that may come from earlier passes. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import * as Dropout from "./Dropout.ts"
import type { Mask } from "./Masks.ts"
import type { Context } from "./Model.ts"

/** Keys and values of the tokens read so far. **Shapes**: `[batch, key heads, keys, size]`. */
export interface KeyValueCache {
  readonly key: Tensor
  readonly value: Tensor
}

export interface Options {
  readonly heads: number
  /** Added to the scores: a mask, a bias by distance, or their sum. **Shapes**: broadcasts to `[batch, heads, queries, keys]`. */
  readonly bias?: Mask
  /** Of the scores. Default: `1 / sqrt(size)`. */
  readonly scale?: number
  /** Turns queries by their positions. */
  readonly rotate?: ((x: Tensor) => Tensor) | undefined
  /** Of the probabilities. */
  readonly dropout?: { readonly context: Context; readonly site: string; readonly rate: number }
}

/**
 * Appends the keys and values of new tokens to a cache.
 *
 * **Shapes**: `[batch, length, heads x size]` to a cache of `[batch, heads, past + length, size]`.
 */
export const append = (
  next: { readonly key: Tensor; readonly value: Tensor },
  options: {
    readonly heads: number
    readonly past?: KeyValueCache | undefined
    readonly rotate?: ((x: Tensor) => Tensor) | undefined
  }
): KeyValueCache => {
  const { heads, past, rotate = (x) => x } = options
  const [key, value] = [rotate(split(next.key, heads)), split(next.value, heads)]
  return past === undefined ? { key, value } : { key: tf.concat([past.key, key], 2), value: tf.concat([past.value, value], 2) }
}

/**
 * Attends from queries to the keys and values of a cache. With fewer key heads than heads, consecutive heads share one.
 *
 * **Shapes**: `[batch, queries, heads x size]`, before and after.
 *
 * **Source**: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; shared key heads: Ainslie et al. 2023, https://arxiv.org/abs/2305.13245.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Attention } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const x = tf.tensor3d([[[1, 0], [0, 1]]])
 * const cache = Attention.append({ key: x, value: x }, { heads: 1 })
 * const y = Attention.attend(x, cache, { heads: 1, scale: 100 })
 * assert.deepEqual(Array.from(y.dataSync(), Math.round), [1, 0, 0, 1])
 * ```
 */
export const attend = (query: Tensor, cache: KeyValueCache, options: Options): Tensor => {
  const { heads, bias, rotate = (x) => x, dropout } = options
  const own = rotate(split(query, heads))
  const [batch, , queries, size] = own.shape as [number, number, number, number]
  const [, keyHeads, keys] = cache.key.shape as [number, number, number, number]
  const grouped = (x: Tensor, last: number) => tf.reshape(x, [batch, keyHeads, (heads / keyHeads) * queries, last])
  const products = tf.matMul(grouped(tf.mul(own, options.scale ?? 1 / Math.sqrt(size)), size), cache.key, false, true)
  const scores = tf.reshape(products, [batch, heads, queries, keys])
  const shares = tf.softmax(bias === undefined ? scores : tf.add(scores, bias))
  const kept = dropout === undefined ? shares : Dropout.apply(dropout.context, dropout.site, shares, dropout.rate)
  const mixed = tf.matMul(grouped(kept, keys), cache.value)
  const merged = tf.transpose(tf.reshape(mixed, [batch, heads, queries, size]), [0, 2, 1, 3])
  return tf.reshape(merged, [batch, queries, heads * size])
}

/** **Shapes**: `[batch, length, heads x size]` to `[batch, heads, length, size]`. */
const split = (x: Tensor, heads: number): Tensor => {
  const [batch, length, width] = x.shape as [number, number, number]
  return tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3])
}
