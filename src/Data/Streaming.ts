/** Streaming (iterable) datasets: a stream that is reopened for each epoch. `Loader.fromStream` batches it. */
import { Function, Option, Stream } from "effect"
import type { Values } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"
import type { DataError, Dataset } from "./Dataset.ts"
import { type Sampler, sequential } from "./Sampler.ts"

/** Opens the rows of an epoch. **Law**: the same epoch has the same rows, since a resumed run reads them again. */
export type Streaming<out A, out R = never> = (epoch: number) => Stream.Stream<A, DataError, R>

/** Streams the rows of a dataset in the sampler's order, reading `chunk` (default 64) at a time. */
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
  /** The size of the shuffle buffer. **Unit**: rows. */
  readonly buffer: number
  readonly seed: number
}

/**
 * Shuffles a stream through a buffer: each row that arrives replaces a random row of the buffer, which is emitted. The random numbers are keyed by
 * (seed, epoch), so each epoch has its own reproducible order. A failure drops the rows in the buffer.
 *
 * **Law**: a permutation of the rows, none earlier than the buffer allows; a buffer of 1 keeps the order
 * (test/property/Streaming.test.ts). No row follows a failure (test/property/streamFailures.test.ts).
 * **Source**: `IterableDataset.shuffle` with `set_epoch`, of Hugging Face's datasets; the random numbers differ.
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
      const rows = Stream.map(self(epoch), Option.some)
      // The end is an element of its own: after an error nothing follows, and the rows in the buffer are dropped.
      return Stream.concat(rows, Stream.succeed(Option.none<A>())).pipe(
        Stream.mapAccum(
          () => ({ buffer: [] as A[], drawn: 0, draws: new Float32Array() as Values }),
          (state, next) => {
            const { buffer } = state
            if (Option.isNone(next))
              return [state, Array.from(Random.permutation(Key.fold(key, "rest"), buffer.length), (place) => buffer[place]!)]
            if (buffer.length < size) {
              buffer.push(next.value)
              return [state, []]
            }
            const at = state.drawn++ % block
            if (at === 0) state.draws = Random.uniform(Key.fold(key, state.drawn), [block]).data
            const place = Math.floor(state.draws[at]! * size)
            const out = buffer[place]!
            buffer[place] = next.value
            return [state, [out]]
          }
        )
      )
    }
)

/** Random numbers generated at once. */
const block = 1024
