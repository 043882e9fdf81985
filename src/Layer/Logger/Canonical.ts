/** The canonical log: what a run logged, as if it had never been interrupted. */
import type { Entry } from "./Logger.ts"

/**
 * Takes, of each thing that was logged at a step, the last attempt's; leaves out what depends on the wall clock (`clock` is empty) and on the
 * attempt (it is 1); orders by step.
 *
 * **Law**: a run that was cut and resumed has the canonical log of one that was not; it is idempotent (test/unit/Layer/Logger/Canonical.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Logger } from "regimen"
 *
 * const first = { _tag: "Text", run: "a", attempt: 1, step: 3, epoch: 1, text: "cut after this" } as const
 * const second = { ...first, attempt: 2, text: "made again" }
 * assert.deepEqual(Logger.canonical([first, second]), [{ ...second, attempt: 1 }])
 * ```
 */
export const canonical = <A extends Entry>(entries: ReadonlyArray<A>): ReadonlyArray<A> => {
  const last = new Map<string, number>()
  for (const entry of entries) last.set(place(entry), Math.max(entry.attempt, last.get(place(entry)) ?? 0))
  return entries
    .filter((entry) => entry.attempt === last.get(place(entry)))
    .map((entry) => ({ ...entry, attempt: 1, ...(entry._tag === "Scalars" ? { clock: {} } : {}) }))
    .sort((a, b) => a.step - b.step)
}

/** What kind of thing was logged, and where: entries of one place replace those of earlier attempts. */
const place = (entry: Entry): string =>
  JSON.stringify(
    entry._tag === "Scalars"
      ? [entry.run, entry.step, entry.kind, entry.set]
      : [entry.run, entry.step, entry._tag, entry._tag === "Figure" ? entry.name : null]
  )
