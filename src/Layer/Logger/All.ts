/** Several loggers as one: each works at its own pace, and one that fails or hangs is no matter to the run or to the others. */
import { Context, Effect, Layer } from "effect"
import * as BackgroundQueue from "./BackgroundQueue.ts"
import { type Entry, Logger, type Progress } from "./Logger.ts"

/**
 * Merges logger layers. Every entry goes to every logger, in order, in the background; `flush` waits for all of them. What a logger
 * throws is reported once.
 *
 * **Errors**: those of building the layers, before the run starts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { Logger } from "regimen"
 *
 * const usual = Logger.all(Logger.progress(), Logger.jsonl("run/log.jsonl")).pipe(Layer.provide(NodeServices.layer))
 * const logger = await Effect.runPromise(Effect.provide(Logger.Logger, usual))
 * assert.equal(typeof logger.log, "function")
 * ```
 */
export const layer = <Layers extends ReadonlyArray<Layer.Layer<Logger, unknown, unknown>>>(
  ...layers: Layers
): Layer.Layer<Logger, Layer.Error<Layers[number]>, Layer.Services<Layers[number]>> => merge(layers as ReadonlyArray<Of<Layers>>)

/** A layer that may fail, and needs, what any of several does. */
type Of<Layers extends ReadonlyArray<Layer.Layer<Logger, unknown, unknown>>> = Layer.Layer<
  Logger,
  Layer.Error<Layers[number]>,
  Layer.Services<Layers[number]>
>

const merge = <E, R>(layers: ReadonlyArray<Layer.Layer<Logger, E, R>>): Layer.Layer<Logger, E, R> =>
  Layer.effect(
    Logger,
    Effect.gen(function* () {
      const loggers = yield* Effect.forEach(layers, (one, i) =>
        Effect.flatMap(Layer.build(one), (context) => isolate(Context.get(context, Logger), i))
      )
      const watchers = loggers.flatMap(({ progress }) => (progress === undefined ? [] : [progress]))
      return {
        log: (entry) =>
          Effect.sync(() => {
            for (const logger of loggers) logger.offer(entry)
          }),
        ...(watchers.length === 0
          ? {}
          : {
              progress: (now: Progress) => {
                for (const watch of watchers) watch(now)
              }
            }),
        flush: Effect.forEach(loggers, (logger) => logger.flush, { concurrency: "unbounded", discard: true })
      }
    })
  )

const isolate = Effect.fnUntraced(function* (logger: Logger["Service"], index: number) {
  const report = yield* BackgroundQueue.warnOnce(`merged (number ${index + 1})`)
  const background = yield* BackgroundQueue.make(report, (batch: ReadonlyArray<Entry>) =>
    Effect.forEach(
      batch,
      (entry) =>
        Effect.catchCause(
          Effect.suspend(() => logger.log(entry)),
          report
        ),
      { discard: true }
    )
  )
  const watch = logger.progress
  let watching = true
  const progress = (now: Progress) => {
    if (!watching) return
    try {
      watch?.(now)
    } catch {
      watching = false
    }
  }
  return {
    offer: background.offer,
    flush: Effect.andThen(background.flush, BackgroundQueue.within(Effect.catchCause(logger.flush, report), report)),
    progress: watch === undefined ? undefined : progress
  }
})
