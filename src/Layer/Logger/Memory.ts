/** The logger that tests look into: it keeps every entry. */
import { Context, Effect, Layer } from "effect"
import { type Entry, Logger, type Progress } from "./Logger.ts"

/** What a memory logger was given so far, in order. */
export class Memory extends Context.Service<
  Memory,
  {
    readonly entries: Effect.Effect<ReadonlyArray<Entry>>
    readonly progress: Effect.Effect<ReadonlyArray<Progress>>
  }
>()("regimen/Layer/Logger/Memory") {}

/**
 * Collects entries and calls of `progress`. `Memory` reads them back.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Logger } from "regimen"
 *
 * const program = Effect.gen(function* () {
 *   const logger = yield* Logger.Logger
 *   yield* logger.log({ _tag: "Text", run: "a", attempt: 1, step: 3, epoch: 0.5, text: "half way" })
 *   return yield* (yield* Logger.Memory).entries
 * })
 * const entries = await Effect.runPromise(program.pipe(Effect.provide(Logger.memory)))
 * assert.equal(entries.length, 1)
 * ```
 */
export const layer: Layer.Layer<Logger | Memory> = Layer.effectContext(
  Effect.sync(() => {
    const entries: Array<Entry> = []
    const progress: Array<Progress> = []
    return Context.make(Logger, {
      log: (entry) =>
        Effect.sync(() => {
          entries.push(entry)
        }),
      progress: (now) => {
        progress.push(now)
      },
      flush: Effect.void
    }).pipe(Context.add(Memory, { entries: Effect.sync(() => entries.slice()), progress: Effect.sync(() => progress.slice()) }))
  })
)
