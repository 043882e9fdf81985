/** The log level of a process by its rank. A run is one process, which has rank 0. */
import type { LogLevel } from "effect"
import type { Arguments } from "./ArgumentsValues.ts"

/** The rank of a process: among all processes, and among those of its node. */
export interface Place {
  readonly processIndex: number
  readonly localProcessIndex: number
}

/** The rank of the only process. */
export const alone: Place = { processIndex: 0, localProcessIndex: 0 }

const levels: Readonly<Record<Arguments["logLevel"], LogLevel.LogLevel | undefined>> = {
  detail: "Debug",
  debug: "Debug",
  info: "Info",
  warning: "Warn",
  error: "Error",
  critical: "Fatal",
  passive: undefined
}

/** Tests whether a process logs: the first of each node, or only the first of all without `log_on_each_node`. */
export const shouldLog = (args: Arguments, place: Place = alone): boolean =>
  (args.logOnEachNode ? place.localProcessIndex : place.processIndex) === 0

/**
 * Gives the minimum log level of a process, as an Effect log level; undefined for `passive`, which leaves the program's level unchanged.
 *
 * **Source**: `get_process_log_level`; Python's critical is Effect's Fatal.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ logLevel: "info", logLevelReplica: "error" }))
 * assert.equal(Arguments.getProcessLogLevel(args), "Info")
 * assert.equal(Arguments.getProcessLogLevel(args, { processIndex: 1, localProcessIndex: 1 }), "Error")
 * ```
 */
export const getProcessLogLevel = (args: Arguments, place: Place = alone): LogLevel.LogLevel | undefined =>
  levels[shouldLog(args, place) ? args.logLevel : args.logLevelReplica]

/** Returns `work`, which the main process does before the others: with one process, unchanged. **Source**: `main_process_first`. */
export const mainProcessFirst = <A>(work: A, _options: { readonly local?: boolean; readonly desc?: string } = {}): A => work
