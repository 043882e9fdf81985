/** Runs work in the background, in order, in batches: items are queued until they are processed, and a failure is reported once and stops nothing. */
import { type Cause, Deferred, Effect, Option, Queue, type Scope } from "effect"

export interface Background<A> {
  /** Takes an item and returns at once. */
  readonly offer: (item: A) => void
  /**
   * Waits until everything offered so far is done, or has failed, or takes longer than anyone should wait. Returns at once
   * after the scope has closed, and while work hangs that a flush has waited for already.
   */
  readonly flush: Effect.Effect<void>
}

/** What waits for a sink that fails, at most: the oldest items are given up first. **Unit**: items. */
const limit = 10_000

/** How long a flush, and the end of a run, wait for a logger that hangs. */
const patience = "10 seconds"

/**
 * Starts the worker. `work` handles a batch completely or not at all: a failed batch is retried, before newer items. When the
 * scope closes, what is left is done first.
 */
export const make = Effect.fnUntraced(function* <A, E, R>(
  report: Report,
  work: (batch: ReadonlyArray<A>) => Effect.Effect<void, E, R>
): Effect.fn.Return<Background<A>, never, R | Scope.Scope> {
  const wake = yield* Queue.sliding<void>(1)
  let items: Array<A> = []
  let waiters: Array<Deferred.Deferred<void>> = []
  let open = true // the scope, with the worker in it
  let stuck = false // a flush gave up, and no batch has been done since
  const drain = Effect.suspend(() => {
    const batch = items
    const served = waiters
    items = []
    waiters = []
    const done = batch.length === 0 ? Effect.void : Effect.suspend(() => work(batch))
    return done.pipe(
      Effect.onError(() =>
        Effect.sync(() => {
          items = [...batch, ...items].slice(-limit)
        })
      ),
      Effect.catchCause(report),
      Effect.andThen(
        Effect.sync(() => {
          stuck = false
        })
      ),
      Effect.andThen(Effect.forEach(served, (waiter) => Deferred.succeed(waiter, undefined), { discard: true }))
    )
  })
  const flush = Effect.suspend(() => {
    if (!open) return items.length === 0 ? Effect.void : report("It is closed: entries that came later are not written.")
    if (stuck) return Effect.void
    const waiter = Deferred.makeUnsafe<void>()
    waiters.push(waiter)
    Queue.offerUnsafe(wake, undefined)
    const gaveUp = Effect.sync(() => {
      stuck = !Deferred.isDoneUnsafe(waiter)
    })
    return Effect.andThen(within(Deferred.await(waiter), report), gaveUp)
  })
  yield* Queue.take(wake).pipe(Effect.andThen(drain), Effect.forever, Effect.interruptible, Effect.forkScoped)
  yield* Effect.addFinalizer(() =>
    Effect.tap(flush, () =>
      Effect.sync(() => {
        open = false
      })
    )
  )
  return {
    offer: (item) => {
      items.push(item)
      Queue.offerUnsafe(wake, undefined)
    },
    flush
  }
})

/** Makes a handler that reports the first failure of a logger, and no other. */
export const warnOnce = (name: string): Effect.Effect<Report> =>
  Effect.sync(() => {
    let failed = false
    return (cause) => {
      if (failed) return Effect.void
      failed = true
      return Effect.logWarning(`The ${name} logger failed. The run goes on.`, cause)
    }
  })

export type Report = (cause: Cause.Cause<unknown> | string) => Effect.Effect<void>

/** Waits for something as long as one should wait for a logger. */
export const within = (effect: Effect.Effect<void>, report: Report): Effect.Effect<void> =>
  effect.pipe(
    Effect.interruptible,
    Effect.timeoutOption(patience),
    Effect.flatMap((done) => (Option.isSome(done) ? Effect.void : report(`It did not finish in ${patience}.`)))
  )
