/** What every logger must do, as tests for any test runner. */
import assert from "node:assert/strict"
import { Effect, Logger as EffectLogger, Exit, type Layer } from "effect"
import fc from "fast-check"
import { type Entry, Logger } from "../Layer/Logger/Logger.ts"
import * as Horizon from "../Schedule/Horizon.ts"
import { initial } from "../TrainerState.ts"
import type { ContractTest } from "./ContractTest.ts"
import { arbitrary, oneOfEach } from "./SampleEntries.ts"

/** Loggers to test. */
export interface LoggerOptions {
  /** The same logger where what it writes to fails (a folder that is a file, a service that is down). */
  readonly broken?: Layer.Layer<Logger, unknown>
  /** Warnings that a broken logger may write. Default: 1. */
  readonly warnings?: number
}

/**
 * Lists the tests of a logger: it takes entries of every kind in any order, `flush` may be called again, `progress` returns at once and throws nothing; where
 * its target fails, `log` and `flush` succeed all the same, and one warning reports it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Logger } from "regimen"
 * import { Contract } from "regimen/testing"
 *
 * const tests = Contract.logger(Logger.memory)
 * assert.ok(tests.length > 1)
 * for (const { run } of tests) await run()
 * ```
 */
export const logger = (layer: Layer.Layer<Logger, unknown>, options: LoggerOptions = {}): ReadonlyArray<ContractTest> => {
  const { broken, warnings = 1 } = options
  const lists = [
    oneOfEach,
    [...oneOfEach].reverse(),
    ...fc.sample(fc.array(arbitrary, { maxLength: 12 }), { numRuns: 20, seed: 3 })
  ]
  const tests: Array<ContractTest> = [
    { name: "takes entries of every kind in any order, without a warning", run: () => run(layer, lists, 0) },
    { name: "takes no entry at all", run: () => run(layer, [[]], 0) }
  ]
  if (broken !== undefined)
    tests.push({
      name: "succeeds where its target fails, and warns once",
      run: () => run(broken, [[...oneOfEach, ...oneOfEach]], warnings)
    })
  return tests
}

const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 50 })

const run = async (
  layer: Layer.Layer<Logger, unknown>,
  lists: ReadonlyArray<ReadonlyArray<Entry>>,
  allowed: number
): Promise<void> => {
  for (const entries of lists) {
    const warnings: Array<string> = []
    const listen = EffectLogger.layer([EffectLogger.make(({ message }) => void warnings.push(String(message)))])
    const exit = await Effect.runPromiseExit(use(entries).pipe(Effect.provide(layer, { local: true }), Effect.provide(listen)))
    assert.ok(Exit.isSuccess(exit), `it failed: ${Exit.isFailure(exit) ? String(exit.cause) : ""}`)
    assert.ok(warnings.length <= allowed, `it wrote ${warnings.length} warnings: ${warnings.join("; ")}`)
  }
}

const use = (entries: ReadonlyArray<Entry>) =>
  Effect.gen(function* () {
    const logger = yield* Logger
    for (const [i, entry] of entries.entries()) {
      logger.progress?.({ phase: "train", state: { ...initial, step: i, epoch: i / 50 }, horizon })
      logger.progress?.({ phase: "eval", state: initial, horizon, set: "eval", done: i, total: Infinity })
      yield* logger.log(entry)
    }
    yield* logger.flush
    yield* logger.flush
  })
