/** The part of an order that one of several processes reads. */
import { Function } from "effect"
import { InvalidSampler, type Sampler } from "../Sampler.ts"

export interface Options {
  /** Which process this is, from 0. */
  readonly rank: number
  /** How many processes there are. */
  readonly size: number
  /**
   * What becomes of an order that cannot be dealt out evenly: `pad` takes rows from its start again, so that none is missed; `drop`
   * leaves out its end, so that none comes twice.
   */
  readonly uneven: "pad" | "drop"
}

/**
 * Deals an order out to processes, one row to each in turn. All read the same number of rows.
 *
 * **Law**: the parts, dealt back, are the order, padded or dropped (test/property/Sampler.test.ts).
 * **Errors**: throws `InvalidSampler` when `rank` is not from 0 to `size - 1`.
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
