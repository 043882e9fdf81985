/** Data that is read from front to back: a stream that is opened anew for each epoch, which `Loader.fromStream` reads. */
import { Function, Stream } from "effect"
import type { Values } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"
import type { DataError, Dataset } from "./Dataset.ts"
import { type Sampler, sequential } from "./Sampler.ts"

/** Gives the rows of an epoch. **Law**: the same epoch, the same rows: a resumed run reads them again. */
export type Streaming<out A, out R = never> = (epoch: number) => Stream.Stream<A, DataError, R>

/** Streams the rows of a dataset, in the sampler's order, some at a time. */
export const fromDataset =
  <A>(dataset: Dataset<A>, options: { readonly sampler?: Sampler; readonly chunk?: number } = {}): Streaming<A> =>
  (epoch) => {
    const { chunk = 64, sampler = sequential } = options
    return Stream.suspend(() => {
      const order = sampler(dataset.size, epoch)
      return Stream.fromIterable(Array.from({ length: Math.ceil(order.length / chunk) }, (_, at) => at * chunk)).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((at) => dataset.rows(Array.from(order.subarray(at, at + chunk)))),
        Stream.flatMap(Stream.fromArray)
      )
    })
  }

export interface Buffer {
  /** **Unit**: rows that are held. */
  readonly buffer: number
  readonly seed: number
}

/**
 * Shuffles through a buffer: each row that arrives takes the place of one drawn from the buffer, which goes on. The draws are keyed by
 * (seed, epoch), so each epoch has an order of its own, and the same one when it is read again.
 *
 * **Law**: an order of the same rows, none earlier than the buffer allows; a buffer of 1 leaves them as they are
 * (test/property/Streaming.test.ts).
 * **Source**: `IterableDataset.shuffle` with `set_epoch`, of Hugging Face's datasets; the draws are ours.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect, Stream } from "effect"
 * import { Streaming } from "regimen/data"
 *
 * const shuffled = Streaming.shuffle(() => Stream.range(1, 6), { buffer: 3, seed: 0 })
 * const rows = Effect.runSync(Stream.runCollect(shuffled(0)))
 * assert.deepEqual([...rows].sort(), [1, 2, 3, 4, 5, 6])
 * ```
 */
export const shuffle: {
  (options: Buffer): <A, R>(self: Streaming<A, R>) => Streaming<A, R>
  <A, R>(self: Streaming<A, R>, options: Buffer): Streaming<A, R>
} = Function.dual(
  2,
  <A, R>(self: Streaming<A, R>, { buffer: size, seed }: Buffer): Streaming<A, R> =>
    (epoch) => {
      const key = Key.fold(Key.fold(Key.make(seed), "shuffle"), epoch)
      return self(epoch).pipe(
        Stream.mapAccum(
          () => ({ held: [] as A[], drawn: 0, draws: new Float32Array() as Values }),
          (state, row: A) => {
            if (state.held.length < size) {
              state.held.push(row)
              return [state, []]
            }
            const at = state.drawn++ % block
            if (at === 0) state.draws = Random.uniform(Key.fold(key, state.drawn), [block]).data
            const place = Math.floor(state.draws[at]! * size)
            const out = state.held[place]!
            state.held[place] = row
            return [state, [out]]
          },
          { onHalt: ({ held }) => Array.from(Random.permutation(Key.fold(key, "rest"), held.length), (place) => held[place]!) }
        )
      )
    }
)

/** Numbers drawn at once. */
const block = 1024
