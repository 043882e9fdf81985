/** What a flush waits for: the items that were offered, while the scope is open, and nothing afterwards. */
import { expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as BackgroundQueue from "../../../../src/Layer/Logger/BackgroundQueue.ts"

it.effect("flush returns at once after the scope has closed, and reports entries that came too late once", () =>
  Effect.gen(function* () {
    const written: Array<number> = []
    const reported: Array<unknown> = []
    const scope = yield* Scope.make()
    const report = (cause: unknown) => Effect.sync(() => void reported.push(cause))
    const { flush, offer } = yield* BackgroundQueue.make(report, (batch: ReadonlyArray<number>) =>
      Effect.sync(() => void written.push(...batch))
    ).pipe(Scope.provide(scope))
    offer(1)
    yield* Scope.close(scope, Exit.void)
    expect([written, reported]).toEqual([[1], []])
    offer(2)
    const flushing = yield* Effect.forkChild(flush)
    yield* Effect.yieldNow // the test's clock stands still: what waits is not done
    yield* Effect.yieldNow
    expect(flushing.pollUnsafe()).toEqual(Exit.void)
    expect([written, reported.length]).toEqual([[1], 1])
    yield* Fiber.interrupt(flushing)
  })
)

it.effect("flush waits once for work that hangs, and again after it has gone on", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const background = yield* BackgroundQueue.make(
        () => Effect.void,
        (batch: ReadonlyArray<string>) => (batch.includes("hang") ? Effect.sleep("1 hour") : Effect.void)
      )
      background.offer("hang")
      const first = yield* Effect.forkChild(background.flush, { startImmediately: true })
      yield* TestClock.adjust("11 seconds")
      yield* Fiber.join(first)
      yield* background.flush // the clock stands still
      yield* TestClock.adjust("1 hour")
      background.offer("more")
      yield* background.flush
    })
  )
)
