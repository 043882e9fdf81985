/** Work done in the background, in order, in batches: what is offered is kept until it is done, and a failure is reported once and stops nobody. */
import { type Cause, Effect, Queue, type Scope, Semaphore } from "effect"

export interface Background<A> {
  /** Takes an item and returns at once. */
  readonly offer: (item: A) => void
  /** Waits until everything offered so far is done, or has failed. */
  readonly flush: Effect.Effect<void>
}

/** What waits for a sink that fails, at most: the oldest items are given up first. **Unit**: items. */
const limit = 10_000

/**
 * Starts the worker. `work` takes a batch as a whole or not at all: a batch that failed comes again, before newer items. When the
 * scope closes, what is left is done first. The first failure goes to `Effect.logWarning` as "`name` failed", the next ones nowhere.
 */
export const make = Effect.fnUntraced(function* <A, E, R>(
  name: string,
  work: (batch: ReadonlyArray<A>) => Effect.Effect<void, E, R>
): Effect.fn.Return<Background<A>, never, R | Scope.Scope> {
  const context = yield* Effect.context<R>()
  const wake = yield* Queue.sliding<void>(1)
  const lock = yield* Semaphore.make(1)
  const report = yield* warnOnce(name)
  let waiting: ReadonlyArray<A> = []
  let news: Array<A> = []
  const drain = Effect.suspend(() => {
    const batch = [...waiting, ...news].slice(-limit)
    waiting = batch
    news = []
    if (batch.length === 0) return Effect.void
    return work(batch).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          waiting = []
        })
      ),
      Effect.catchCause(report)
    )
  }).pipe(lock.withPermits(1), Effect.uninterruptible, Effect.provideContext(context))
  yield* Queue.take(wake).pipe(Effect.andThen(drain), Effect.forever, Effect.forkScoped)
  yield* Effect.addFinalizer(() => drain)
  return {
    offer: (item) => {
      news.push(item)
      Queue.offerUnsafe(wake, undefined)
    },
    flush: drain
  }
})

/** Makes a handler that reports the first failure of a logger, and no other. */
export const warnOnce = (name: string) =>
  Effect.sync(() => {
    let failed = false
    return (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
      if (failed) return Effect.void
      failed = true
      return Effect.logWarning(`The ${name} logger failed; the run goes on without it as long as it does.`, cause)
    }
  })
