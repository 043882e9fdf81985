/** Orders that put rows of like length into one batch, so that little is padded. **Unit**: a length counts tokens, or whatever is padded. */
import { InvalidSampler, type Sampler, torchPermutation } from "../Sampler.ts"

export interface Options {
  /** The length of each row of the dataset. */
  readonly lengths: ArrayLike<number>
  /** Rows that are padded together: the micro-batch times the accumulation, in the Trainer. */
  readonly batchSize: number
  readonly seed: number
  /** Batches that are sorted together. Default 50, and fewer in a small dataset. */
  readonly batches?: number
}

/**
 * Reads every row once: a random order, cut into groups of some batches, each sorted by length, longest first. The longest row of all comes
 * first, so that memory runs out at once or never.
 *
 * **Law**: each order is a permutation (test/property/Sampler.test.ts); equals the Trainer's (test/golden/samplers.test.ts).
 * **Errors**: throws `InvalidSampler` when the lengths are not those of the dataset, or a size is no positive integer.
 * **Source**: the page's `group_by_length`; `groupByLength(torchPermutation(size, seed + epoch))`.
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
 * Reads every row once: as `lengthGrouped`, and then the batches are shuffled too, so that long batches and short ones alternate. The
 * batch with the longest row stays first, a batch that is not full last.
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
  // The sort of a plain array is stable: rows of one length keep the order of the permutation.
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
      throw new InvalidSampler({ reason: `${n} is no number of rows or batches: say 1, 2, 3, ...` })
}
