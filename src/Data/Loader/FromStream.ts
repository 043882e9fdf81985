/** Loads batches from a stream, which is read forward and reopened for each epoch. */
import { Cause, Effect, Exit, Pull, Scope, Semaphore, Stream } from "effect"
import { stack } from "../Collator.ts"
import type { DataError } from "../Dataset.ts"
import { checkBatchSize, type Loader, type LoaderError, type Options } from "../Loader.ts"

/**
 * Creates a loader over a stream of unknown length that is reopened for each epoch. Later batches are reached by reading forward, earlier ones by
 * reopening the epoch. At most one stream is open, until the scope closes.
 *
 * A read that fails or is interrupted closes the stream and discards the rows of the unfinished batch: the next call reopens the epoch and reads up to
 * its batch.
 *
 * **Law**: equals `Loader.make` on the same rows (test/property/Loader.test.ts), also if the stream fails and is retried
 * (test/property/streamFailures.test.ts), provided that `open` returns the same rows each time for an epoch.
 * **Errors**: `LoaderError` on creation for a batch size that is not a positive integer.
 */
export const fromStream = Effect.fnUntraced(function* <A, R>(
  options: Options<A> & { readonly open: (epoch: number) => Stream.Stream<A, DataError, R> }
): Effect.fn.Return<Loader, LoaderError, R | Scope.Scope> {
  const { batchSize, collate = stack(), dropLast = false, open } = options
  yield* checkBatchSize(batchSize)
  const context = yield* Effect.context<R | Scope.Scope>()
  const mutex = yield* Semaphore.make(1)
  let cursor: Cursor<A> | undefined

  const close = Effect.suspend(() => {
    const scope = cursor?.scope
    cursor = undefined
    return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
  })
  const start = Effect.fnUntraced(function* (epoch: number) {
    yield* close
    const scope = yield* Scope.fork(yield* Scope.Scope)
    const started: Cursor<A> = { epoch, next: 0, last: [], chunk: [], at: 0, scope, pull: Cause.done() }
    cursor = started
    started.pull = yield* Scope.provide(Stream.toPull(open(epoch)), scope)
    return started
  })
  const read = Effect.fnUntraced(function* (epoch: number, batch: number) {
    const mustReopen = cursor === undefined || cursor.epoch !== epoch || batch < cursor.next - 1
    const current = mustReopen ? yield* start(epoch) : cursor!
    while (current.next <= batch) {
      const rows = yield* take(current, batchSize)
      if (rows.length === 0) return undefined
      current.last = rows
      current.next++
    }
    return current.last
  })
  return {
    batchesPerEpoch: Infinity,
    size: Infinity,
    batch: (epoch, batch) =>
      Effect.gen(function* () {
        const rows = yield* Effect.onError(read(epoch, batch), () => close)
        if (rows === undefined || (dropLast && rows.length < batchSize)) return undefined
        const first = batch * batchSize
        const indices = rows.map((_, i) => first + i)
        return { tensors: yield* collate(rows, indices, epoch), rows: rows.length, indices }
      }).pipe(mutex.withPermit, Effect.provideContext(context))
  }
})

/** The position in an open stream: the batches before `next` have been read, and `last` is the most recent. */
interface Cursor<A> {
  readonly epoch: number
  readonly scope: Scope.Closeable
  next: number
  last: ReadonlyArray<A>
  /** The most recent chunk, and the number of rows taken from it. */
  chunk: ReadonlyArray<A>
  at: number
  pull: Pull.Pull<ReadonlyArray<A>, DataError>
}

/** Takes the next rows: fewer than `count` only at the end of the stream. */
const take = Effect.fnUntraced(function* <A>(cursor: Cursor<A>, count: number) {
  const rows: Array<A> = []
  while (rows.length < count) {
    if (cursor.at === cursor.chunk.length) {
      const chunk = yield* Pull.catchDone(cursor.pull, () => Effect.succeed(undefined))
      if (chunk === undefined) {
        cursor.pull = Cause.done()
        break
      }
      cursor.chunk = chunk
      cursor.at = 0
    }
    while (rows.length < count && cursor.at < cursor.chunk.length) rows.push(cursor.chunk[cursor.at++]!)
  }
  return rows
})
