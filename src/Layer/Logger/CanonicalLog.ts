/** The canonical log: what a run logged, as if it had never been interrupted. */
import type { Config, Entry } from "./Logger.ts"

/**
 * Drops what a later attempt logged again: the entries after those that it resumed from, and of what is logged at a step all but the last attempt's. Removes
 * what depends on the wall clock (`clock` is empty) and on the attempt (it is 1), keeps one `Config` per run, and orders by step.
 *
 * **Law**: the log of a run that is interrupted and resumed has the canonical log of a run that is not, entry for entry (test/property/resume.test.ts); it is
 * idempotent (test/unit/Layer/Logger/CanonicalLog.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Logger } from "regimen"
 *
 * const first = { _tag: "Text", run: "a", attempt: 1, step: 3, epoch: 1, text: "interrupted after this" } as const
 * const second = { ...first, attempt: 2, text: "logged again" }
 * assert.deepEqual(Logger.canonical([first, second]), [{ ...second, attempt: 1 }])
 * ```
 */
export const canonical = <A extends Entry>(entries: ReadonlyArray<A>): ReadonlyArray<A> => {
  const once = withoutRepeats(entries)
  const last = new Map<string, number>()
  const configs = new Map<string, Config>() // the last of each run, which replaces the first
  for (const entry of once) {
    last.set(place(entry), Math.max(entry.attempt, last.get(place(entry)) ?? 0))
    if (entry._tag === "Config") configs.set(entry.run, entry)
  }
  return once
    .flatMap((entry) => {
      if (entry._tag !== "Config") return entry.attempt === last.get(place(entry)) ? [normalized(entry)] : []
      const config = configs.get(entry.run)?.config
      configs.delete(entry.run)
      const { historyLength: _, ...first } = entry
      return config === undefined ? [] : [normalized({ ...first, config } as unknown as A)]
    })
    .sort((a, b) => a.step - b.step)
}

const normalized = <A extends Entry>(entry: A): A => ({
  ...entry,
  attempt: 1,
  ...(entry._tag === "Scalars" ? { clock: {} } : {})
})

/** What kind of thing was logged, and where: entries of one place replace those of earlier attempts. */
const place = (entry: Entry): string =>
  JSON.stringify(
    entry._tag === "Scalars"
      ? [entry.run, entry.step, entry.kind, entry.set]
      : [entry.run, entry.step, entry._tag, entry._tag === "Figure" ? entry.name : null]
  )

/** Truncates the log of a run to what an attempt resumes from, for each attempt with a `historyLength` in its `Config`. The rest counts as the attempt's own. */
const withoutRepeats = <A extends Entry>(entries: ReadonlyArray<A>): ReadonlyArray<A> => {
  let log: Array<A> = []
  const absent = new Map<string, number>() // scalars of a run that are not in these entries: its log file was moved away
  for (const entry of entries) {
    if (entry._tag === "Config" && entry.historyLength !== undefined) {
      const { attempt, historyLength, run } = entry
      let count = absent.get(run) ?? 0
      log = log.flatMap((other) => {
        if (other.run !== run || other._tag === "Config") return [other]
        if (other._tag === "Scalars") count++
        return count < historyLength || (count === historyLength && count > 0 && other._tag !== "Text")
          ? [{ ...other, attempt }]
          : []
      })
      if (count < historyLength) absent.set(run, (absent.get(run) ?? 0) + historyLength - count)
    }
    log.push(entry)
  }
  return log
}
