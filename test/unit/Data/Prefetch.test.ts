import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { DataError } from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loaders.ts"

/** A loader that notes what is asked for and what is given up, and whose batches come when the gate opens. */
const make = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const asked: Array<string> = []
  const given: Array<string> = []
  const faults = { left: 0 }
  const loader: Loader.Loader = {
    batchesPerEpoch: 10,
    size: 10,
    batch: (epoch, batch) =>
      Effect.suspend(() => {
        asked.push(`${epoch}.${batch}`)
        if (batch === 3 && faults.left-- > 0) return Effect.fail(new DataError({ row: 3, column: null, reason: "is odd" }))
        return batch < 10
          ? Effect.as(Deferred.await(gate), { tensors: {}, rows: 1, indices: [batch] })
          : Effect.succeed(undefined)
      }).pipe(Effect.onInterrupt(() => Effect.sync(() => given.push(`${epoch}.${batch}`))))
  }
  return { loader, asked, given, faults, open: Deferred.succeed(gate, undefined) }
})

describe("Loader.prefetch", () => {
  it.effect("asks for as many as it is told to, within the epoch, and for none twice", () =>
    Effect.gen(function* () {
      const { loader, asked, open } = yield* make
      yield* open
      const ahead = yield* Loader.prefetch(loader, 2)
      assert.deepEqual(asked, [])
      yield* ahead.batch(0, 0)
      assert.deepEqual(asked, ["0.0", "0.1", "0.2"])
      assert.deepEqual((yield* ahead.batch(0, 1))?.indices, [1])
      yield* ahead.batch(0, 1)
      assert.deepEqual(asked, ["0.0", "0.1", "0.2", "0.3"])
      asked.length = 0
      for (const batch of [8, 9]) yield* ahead.batch(0, batch)
      assert.strictEqual(yield* ahead.batch(0, 10), undefined)
      assert.deepEqual(asked, ["0.8", "0.9", "0.10"])
    })
  )

  it.effect("gives up what is not wanted any more, and all when the scope closes", () =>
    Effect.gen(function* () {
      const { loader, given } = yield* make
      const scope = yield* Scope.make()
      const ahead = yield* Scope.provide(Loader.prefetch(loader, 2), scope)
      const first = yield* Effect.forkChild(ahead.batch(0, 0), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      assert.deepEqual(given, [])
      const second = yield* Effect.forkChild(ahead.batch(1, 4), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Effect.yieldNow
      assert.deepEqual(given, ["0.0", "0.1", "0.2"])
      yield* Scope.close(scope, Exit.void)
      assert.deepEqual(given.slice(3).sort(), ["1.4", "1.5", "1.6"])
      assert.isTrue(Exit.isFailure(yield* Fiber.await(second)))
    })
  )

  it.effect("fails where a batch fails, and tries it again when it is asked again", () =>
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
