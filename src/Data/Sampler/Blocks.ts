/** Random orders for data that is read in blocks, such as the row groups of Parquet files. */
import { InvalidSampler, type Sampler, torchPermutation, torchShuffle } from "../Sampler.ts"

export interface Options {
  /** The number of rows of each block, in the order of the dataset: the `blocks` of `Parquet.open`. */
  readonly blocks: ReadonlyArray<number>
  readonly seed: number
  /** The number of blocks whose rows are shuffled together. Default 4; at most the cache size of the dataset. */
  readonly window?: number
}

/**
 * Reads every row once: shuffles the blocks, then the rows within each window of blocks. Equivalent to the shuffle buffer of a stream, but a
 * function of (size, epoch), so that a resumed run can seek.
 *
 * **Law**: each order is a permutation, in which the rows of a window are contiguous (test/property/Sampler.test.ts).
 * **Errors**: throws `InvalidSampler` if the sizes of the blocks do not add up to the size of the dataset.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Sampler } from "regimen/data"
 *
 * const order = Sampler.blocks({ blocks: [3, 3, 2], seed: 0, window: 1 })(8, 0)
 * assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7])
 * ```
 */
export const blocks =
  ({ blocks, seed, window = 4 }: Options): Sampler =>
  (size, epoch) => {
    const starts: Array<number> = []
    let sum = 0
    for (const rows of blocks) {
      starts.push(sum)
      sum += rows
    }
    if (sum !== size) throw new InvalidSampler({ reason: `the blocks have ${sum} rows, and the dataset has ${size}` })
    if (!(Number.isSafeInteger(window) && window > 0))
      throw new InvalidSampler({ reason: `window is ${window}, and must be a positive integer` })
    const order = new Int32Array(size)
    const shuffled = torchPermutation(blocks.length, seed + epoch)
    let end = 0
    for (let first = 0; first < shuffled.length; first += window) {
      const start = end
      for (const block of shuffled.subarray(first, first + window))
        for (let row = 0; row < blocks[block]!; row++) order[end++] = starts[block]! + row
      // Each window has a seed of its own, far from those of other epochs.
      torchShuffle(order.subarray(start, end), Math.imul(seed + epoch + 1, 0x9e3779b1) + first + 1)
    }
    return order
  }
