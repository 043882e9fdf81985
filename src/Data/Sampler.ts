/** Samplers: the order in which an epoch reads the rows, as a pure function of (size, epoch), so that a resumed run can seek. */
import { Schema } from "effect"
import { mersenne } from "pure-rand/generator/mersenne"

/** Returns the dataset indices of an epoch, in order. **Law**: equal arguments give equal orders; every epoch has the same length. */
export type Sampler = (size: number, epoch: number) => Int32Array

/** A sampler that does not match this dataset. A loader converts it to a `LoaderError`. */
export class InvalidSampler extends Schema.TaggedError<InvalidSampler>()("InvalidSampler", { reason: Schema.String }) {
  override get message() {
    return `The sampler does not match the dataset: ${this.reason}.`
  }
}

/** Reads the rows in the order of the dataset: for evaluation and prediction. */
export const sequential: Sampler = (size) => Int32Array.from({ length: size }, (_, index) => index)

/**
 * Reads every row once, in a new order each epoch.
 *
 * **Law**: each order is a permutation (test/property/Sampler.test.ts).
 * **Source**: `data_seed`; the orders are those of the Trainer on one device, `torchPermutation(size, seed + epoch)`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Sampler } from "regimen/data"
 *
 * const order = Sampler.random({ seed: 42 })
 * assert.deepEqual(order(1000, 3), order(1000, 3))
 * assert.notDeepEqual(order(1000, 3), order(1000, 4))
 * ```
 */
export const random =
  (options: { readonly seed: number }): Sampler =>
  (size, epoch) =>
    torchPermutation(size, options.seed + epoch)

/**
 * Permutes `0 .. size - 1` as PyTorch's `randperm` does on a CPU: Mersenne twister, then Fisher-Yates with `u32 % (size - i)`.
 *
 * **Unit**: `seed` is an integer, of which the twister takes the low 32 bits; `size` is below 2^32 / 20, above which PyTorch uses 64-bit draws.
 * **Law**: equals the orders recorded from the Trainer (test/golden/sampleOrder.test.ts).
 */
export const torchPermutation = (size: number, seed: number): Int32Array => torchShuffle(sequential(size, 0), seed)

/** Shuffles in place, by `torchPermutation`. */
export const torchShuffle = (order: Int32Array, seed: number): Int32Array => {
  const generator = mersenne(seed)
  for (let i = 0; i < order.length - 1; i++) {
    const j = i + ((generator.next() >>> 0) % (order.length - i))
    const chosen = order[j]!
    order[j] = order[i]!
    order[i] = chosen
  }
  return order
}
