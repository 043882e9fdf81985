/** Prefetches batches while a step runs. */
import { Effect, Exit, Fiber, Function, type Scope } from "effect"
import type { DataError } from "../Dataset.ts"
import type { Batch, Loader } from "../Loader.ts"

/**
 * Prefetches the `ahead` batches after each requested batch, within its epoch. Batches outside this window are interrupted and discarded, and all are
 * when the scope closes.
 *
 * **Law**: returns the same batches (test/property/Loader.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Dataset, Loader } from "regimen/data"
 *
 * const program = Effect.gen(function* () {
 *   const loader = yield* Loader.make({ dataset: Dataset.fromArray([{ x: 1 }, { x: 2 }]), batchSize: 1 })
 *   const ahead = yield* Loader.prefetch(loader, 2)
 *   return yield* ahead.batch(0, 1)
 * })
 * assert.deepEqual((await Effect.runPromise(Effect.scoped(program)))?.indices, [1])
 * ```
 */
export const prefetch: {
  (ahead: number): (self: Loader) => Effect.Effect<Loader, never, Scope.Scope>
  (self: Loader, ahead: number): Effect.Effect<Loader, never, Scope.Scope>
} = Function.dual(2, (self: Loader, ahead: number) =>
  Effect.map(Effect.scope, (scope): Loader => {
    let epoch = 0
    const fetched = new Map<number, Fiber.Fiber<Batch | undefined, DataError>>()
    const drop = (unwanted: (batch: number) => boolean) =>
      Effect.suspend(() => {
        const dropped = [...fetched].filter(([batch]) => unwanted(batch))
        for (const [batch] of dropped) fetched.delete(batch)
        // Not awaited: its results are discarded.
        return Effect.forkIn(Fiber.interruptAll(dropped.map(([, fiber]) => fiber)), scope)
      })
    return {
      ...self,
      batch: Effect.fnUntraced(function* (at, first) {
        const last = Math.min(first + ahead, self.batchesPerEpoch - 1)
        yield* drop((batch) => at !== epoch || batch < first || batch > last)
        epoch = at
        for (let batch = first; batch <= Math.max(first, last); batch++)
          if (!fetched.has(batch))
            fetched.set(batch, yield* Effect.forkIn(self.batch(at, batch), scope, { startImmediately: true }))
        const fiber = fetched.get(first)!
        const exit = yield* Fiber.await(fiber)
        // A failure is not cached: the next request retries.
        if (Exit.isFailure(exit) && fetched.get(first) === fiber) fetched.delete(first)
        return yield* exit
      })
    }
  })
)
