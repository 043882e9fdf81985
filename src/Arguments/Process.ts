/** The process among others: how loud it is. A run is one process today, which is the first of all. */
import type { LogLevel } from "effect"
import type { Arguments } from "./Fields.ts"

/** Where a process stands: among all, and among those of its node. */
export interface Place {
  readonly processIndex: number
  readonly localProcessIndex: number
}

/** The only process. */
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

/** Says whether a process speaks for the others: the first of each node, or with `log_on_each_node` off the first of all. */
export const shouldLog = (args: Arguments, place: Place = alone): boolean =>
  (args.logOnEachNode ? place.localProcessIndex : place.processIndex) === 0

/**
 * Gives the least level that a process logs, by Effect's names; undefined, for `passive`, leaves the program's as it is.
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

/** Gives back the work that the first process should do before the others: in one process, as it is. **Source**: `main_process_first`. */
export const mainProcessFirst = <A>(work: A, _options: { readonly local?: boolean; readonly desc?: string } = {}): A => work
