import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { DataError } from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loaders.ts"

/** A loader that records requested and interrupted batches, and whose batches complete when the gate opens. */
const make = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const requested: Array<string> = []
  const interrupted: Array<string> = []
  const faults = { left: 0 }
  const loader: Loader.Loader = {
    batchesPerEpoch: 10,
    size: 10,
    batch: (epoch, batch) =>
      Effect.suspend(() => {
        requested.push(`${epoch}.${batch}`)
        if (batch === 3 && faults.left-- > 0) return Effect.fail(new DataError({ row: 3, column: null, reason: "is odd" }))
        return batch < 10
          ? Effect.as(Deferred.await(gate), { tensors: {}, rows: 1, indices: [batch] })
          : Effect.succeed(undefined)
      }).pipe(Effect.onInterrupt(() => Effect.sync(() => interrupted.push(`${epoch}.${batch}`))))
  }
  return { loader, requested, interrupted, faults, open: Deferred.succeed(gate, undefined) }
})

describe("Loader.prefetch", () => {
  it.effect("requests the given number of batches ahead, within the epoch, and none twice", () =>
    Effect.gen(function* () {
      const { loader, requested, open } = yield* make
      yield* open
      const ahead = yield* Loader.prefetch(loader, 2)
      assert.deepEqual(requested, [])
      yield* ahead.batch(0, 0)
      assert.deepEqual(requested, ["0.0", "0.1", "0.2"])
      assert.deepEqual((yield* ahead.batch(0, 1))?.indices, [1])
      yield* ahead.batch(0, 1)
      assert.deepEqual(requested, ["0.0", "0.1", "0.2", "0.3"])
      requested.length = 0
      for (const batch of [8, 9]) yield* ahead.batch(0, batch)
      assert.strictEqual(yield* ahead.batch(0, 10), undefined)
      assert.deepEqual(requested, ["0.8", "0.9", "0.10"])
    })
  )

  it.effect("interrupts batches outside the window, and all when the scope closes", () =>
    Effect.gen(function* () {
      const { loader, interrupted } = yield* make
      const scope = yield* Scope.make()
      const ahead = yield* Scope.provide(Loader.prefetch(loader, 2), scope)
      const first = yield* Effect.forkChild(ahead.batch(0, 0), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      assert.deepEqual(interrupted, [])
      const second = yield* Effect.forkChild(ahead.batch(1, 4), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Effect.yieldNow
      assert.deepEqual(interrupted, ["0.0", "0.1", "0.2"])
      yield* Scope.close(scope, Exit.void)
      assert.deepEqual(interrupted.slice(3).sort(), ["1.4", "1.5", "1.6"])
      assert.isTrue(Exit.isFailure(yield* Fiber.await(second)))
    })
  )

  it.effect("fails if the batch fails, and retries it when it is requested again", () =>
    Effect.gen(function* () {
      const { loader, faults, open } = yield* make
      yield* open
      faults.left = 1
      const ahead = yield* Loader.prefetch(loader, 5)
      assert.deepEqual((yield* ahead.batch(0, 2))?.indices, [2])
      assert.strictEqual((yield* Effect.flip(ahead.batch(0, 3))).message, "row 3: is odd")
      assert.deepEqual((yield* ahead.batch(0, 3))?.indices, [3])
    })
  )
})
