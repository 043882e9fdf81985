/** Keys of random numbers, as in JAX: random numbers are functions of a key, without hidden state. */
import { Schema } from "effect"
import { dual } from "effect/Function"
import * as Philox from "./Philox.ts"

/** Two 32-bit words, unsigned; as int32 they are the seed of TensorFlow's stateless random ops. */
export interface Key {
  readonly hi: number
  readonly lo: number
}

export class InvalidKey extends Schema.TaggedError<InvalidKey>()("InvalidKey", {
  found: Schema.String
}) {
  override get message() {
    return `Expected a name or a whole number between -2^53 and 2^53 for a random key, but got ${this.found}.`
  }
}

/**
 * Makes the key of a seed: the upper and lower word of the seed as a 64-bit integer. **Errors**: throws `InvalidKey` when the seed is not a safe integer.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Key } from "regimen/nn"
 *
 * assert.deepEqual(Key.make(42), { hi: 0, lo: 42 })
 * assert.notDeepEqual(Key.fold(Key.make(42), "dropout"), Key.fold(Key.make(42), "init"))
 * ```
 */
export const make = (seed: number): Key => {
  const [lo, hi] = wordsOf(seed)
  return { hi, lo }
}

/**
 * Derives a key from a key and data, as for a step or a layer. Different data give different keys, except with probability 2^-64.
 *
 * **Law**: a function of key and data alone, the same in every version (unit test with recorded keys).
 *
 * **Source**: the first two words of Philox4x32-10 under `key = [lo, hi]`. A number `n` is the counter `[low word, high word, 0, 0]`; a name is
 * its UTF-8 bytes, little-endian, eight to a block with zeros at the end, absorbed block after block with the counter `[word, word, 1 + byte length, block]`.
 * **Errors**: throws `InvalidKey` for a number that is not a safe integer.
 */
export const fold: {
  (data: number | string): (key: Key) => Key
  (key: Key, data: number | string): Key
} = dual(2, (key: Key, data: number | string): Key => {
  if (typeof data === "number") return absorb(key, [...wordsOf(data), 0, 0])
  const bytes = new TextEncoder().encode(data)
  const padded = new DataView(new ArrayBuffer(Math.max(8, Math.ceil(bytes.length / 8) * 8)))
  bytes.forEach((byte, i) => {
    padded.setUint8(i, byte)
  })
  let folded = key
  for (let at = 0; at < padded.byteLength; at += 8) {
    folded = absorb(folded, [padded.getUint32(at, true), padded.getUint32(at + 4, true), 1 + bytes.length, at / 8])
  }
  return folded
})

const absorb = (key: Key, counter: readonly [number, number, number, number]): Key => {
  const [lo, hi] = Philox.block(counter, [key.lo, key.hi])
  return { hi, lo }
}

const wordsOf = (n: number): readonly [lo: number, hi: number] => {
  if (!Number.isSafeInteger(n)) throw new InvalidKey({ found: String(n) })
  return [n >>> 0, Math.floor(n / 0x100000000) >>> 0]
}
