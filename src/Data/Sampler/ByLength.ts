/** Orders that batch rows of similar length, to reduce padding. **Unit**: lengths are in tokens, or whatever is padded. */
import { InvalidSampler, type Sampler, torchPermutation } from "../Sampler.ts"

export interface Options {
  /** The length of each row of the dataset. */
  readonly lengths: ArrayLike<number>
  /** The number of rows that are padded together: the micro-batch size times the accumulation steps, in the Trainer. */
  readonly batchSize: number
  readonly seed: number
  /** The number of batches that are sorted together. Default 50, and fewer for a dataset below 200 batches. */
  readonly batches?: number
}

/**
 * Reads every row once: a random order, split into groups of `batches` batches, each sorted by length in descending order. The longest row of all
 * is first, so that a lack of memory shows in the first step.
 *
 * **Law**: each order is a permutation (test/property/Sampler.test.ts); equals the Trainer's (test/golden/samplers.test.ts).
 * **Errors**: throws `InvalidSampler` if there is not one length per row, or a size is not a positive integer.
 * **Source**: `group_by_length`; `groupByLength(torchPermutation(size, seed + epoch))`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Sampler } from "regimen/data"
 *
 * const order = Sampler.lengthGrouped({ lengths: [3, 9, 1, 7], batchSize: 2, seed: 0 })(4, 0)
 * assert.equal(order[0], 1)
 * ```
 */
export const lengthGrouped =
  (options: Options): Sampler =>
  (size, epoch) => {
    check(options, size)
    return groupByLength(torchPermutation(size, options.seed + epoch), options)
  }

/** Sorts an order by length within groups of batches, and swaps the longest row of all into the first place. */
export const groupByLength = (order: Int32Array, options: Omit<Options, "seed">): Int32Array => {
  const { batchSize, lengths, batches = Math.max(1, Math.min(Math.floor(lengths.length / (4 * batchSize)), 50)) } = options
  const grouped = sortedRuns(order, batches * batchSize, lengths)
  return longestRunFirst(grouped, batches * batchSize, lengths)
}

/**
 * Reads every row once: as `lengthGrouped`, with the batches shuffled too, so that long and short batches alternate. The batch with the longest
 * row is first, an incomplete batch is last.
 *
 * **Law**: each order is a permutation (test/property/Sampler.test.ts).
 * **Errors**: as `lengthGrouped`.
 * **Source**: Seq2SeqTrainingArguments' `sortish_sampler`, 50 batches a group.
 */
export const sortish =
  (options: Options): Sampler =>
  (size, epoch) => {
    check(options, size)
    const { batchSize, lengths, batches = 50, seed } = options
    const sorted = sortedRuns(torchPermutation(size, seed + epoch), batches * batchSize, lengths)
    const full = Math.floor(size / batchSize)
    const places = [...torchPermutation(full, seed + epoch)]
    const longest = places.reduce((best, at, i) => (lengthAt(at) > lengthAt(places[best]!) ? i : best), 0)
    ;[places[0], places[longest]] = [places[longest]!, places[0]!]
    const shuffled = Int32Array.from(sorted)
    if (full > 0) {
      for (const [i, at] of places.entries()) shuffled.set(sorted.subarray(at * batchSize, (at + 1) * batchSize), i * batchSize)
    }
    return shuffled

    function lengthAt(batch: number): number {
      return lengths[sorted[batch * batchSize]!]!
    }
  }

const sortedRuns = (order: Int32Array, run: number, lengths: ArrayLike<number>): Int32Array => {
  const sorted = new Int32Array(order.length)
  // `Array.prototype.sort` is stable: rows of equal length keep the order of the permutation.
  for (let at = 0; at < order.length; at += run)
    sorted.set(
      Array.from(order.subarray(at, at + run)).sort((a, b) => lengths[b]! - lengths[a]!),
      at
    )
  return sorted
}

const longestRunFirst = (order: Int32Array, run: number, lengths: ArrayLike<number>): Int32Array => {
  let longest = 0
  for (let at = run; at < order.length; at += run) if (lengths[order[at]!]! > lengths[order[longest]!]!) longest = at
  if (order.length > 0) [order[0], order[longest]] = [order[longest]!, order[0]!]
  return order
}

const check = ({ batchSize, batches = 1, lengths }: Options, size: number): void => {
  if (lengths.length !== size) throw new InvalidSampler({ reason: `there are ${lengths.length} lengths for ${size} rows` })
  for (const n of [batchSize, batches])
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new InvalidSampler({ reason: `batchSize and batches must be positive integers, not ${n}` })
}
