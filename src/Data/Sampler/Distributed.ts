/** Splits an order among several processes. */
import { Function } from "effect"
import { InvalidSampler, type Sampler } from "../Sampler.ts"

export interface Options {
  /** The rank of this process, from 0. */
  readonly rank: number
  /** The number of processes (world size). */
  readonly size: number
  /**
   * How an order is split that is not divisible by the number of processes: `pad` repeats rows from its start, so that none is missed; `drop`
   * drops its last rows, so that none is repeated.
   */
  readonly uneven: "pad" | "drop"
}

/**
 * Assigns the rows of an order to processes in turn (round-robin). All processes read the same number of rows.
 *
 * **Law**: the interleaved parts are the order, padded or truncated (test/property/Sampler.test.ts).
 * **Errors**: throws `InvalidSampler` if `rank` is not from 0 to `size - 1`.
 * **Source**: PyTorch's `DistributedSampler`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Sampler } from "regimen/data"
 *
 * const part = Sampler.distributed(Sampler.sequential, { rank: 1, size: 2, uneven: "pad" })
 * assert.deepEqual([...part(5, 0)], [1, 3, 0])
 * ```
 */
export const distributed: {
  (options: Options): (self: Sampler) => Sampler
  (self: Sampler, options: Options): Sampler
} = Function.dual(2, (self: Sampler, { rank, size: ranks, uneven }: Options): Sampler => {
  if (!(Number.isSafeInteger(rank) && Number.isSafeInteger(ranks) && rank >= 0 && rank < ranks))
    throw new InvalidSampler({ reason: `there is no rank ${rank} among ${ranks} processes: ranks count from 0` })
  return (size, epoch) => {
    const order = self(size, epoch)
    const each = uneven === "pad" ? Math.ceil(order.length / ranks) : Math.floor(order.length / ranks)
    return Int32Array.from({ length: each }, (_, i) => order[(i * ranks + rank) % order.length]!)
  }
})
