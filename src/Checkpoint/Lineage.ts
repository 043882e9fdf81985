/**
 * The lineage of a checkpoint: the attempt that wrote it, and the checkpoints that this attempt and those before it resumed from.
 *
 * A run that resumes from an older checkpoint forks: the later checkpoints in the store belong to another lineage, and neither retention nor "newest"
 * looks at them.
 */
import { Schema } from "effect"
import type { RunAttempt } from "./RunAttempt.ts"

export const Lineage = Schema.Struct({
  run: Schema.String,
  attempt: Schema.Natural,
  /** The checkpoints that were resumed from, oldest first; the last is the parent of this attempt. Empty for a run from scratch. */
  ancestors: Schema.Array(Schema.Struct({ run: Schema.String, attempt: Schema.Natural, step: Schema.Natural }))
})
export type Lineage = typeof Lineage.Type

/** A checkpoint of a store, without its contents. */
export interface Entry {
  readonly step: number
  readonly lineage: Lineage
}

/** The lineage of checkpoints that were written without one. All of them in a store are one lineage, older than any attempt. */
export const unknown: Lineage = { run: "", attempt: 0, ancestors: [] }

/** Makes the lineage of an attempt that resumes from `parent`, or starts from scratch. */
export const make = ({ run, attempt }: RunAttempt, parent?: Entry): Lineage => ({
  run,
  attempt,
  ancestors: parent === undefined ? [] : [...parent.lineage.ancestors, entryKey(parent)]
})

/** Lists the steps of the entries that belong to a lineage, in order: those of its own attempt, and each ancestor with those of its attempt before it. */
export const steps = (entries: ReadonlyArray<Entry>, { run, attempt, ancestors }: Lineage): ReadonlyArray<number> => {
  const parts = [...ancestors, { run, attempt, step: Infinity }]
  const belongs = ({ lineage, step }: Entry) =>
    parts.some((part) => part.run === lineage.run && part.attempt === lineage.attempt && step <= part.step)
  return entries
    .filter(belongs)
    .map(({ step }) => step)
    .sort((left, right) => left - right)
}

/** Lists the steps that a checkpoint's lineage had when it was saved, its own included. */
export const stepsThrough = (entries: ReadonlyArray<Entry>, { lineage, step }: Entry): ReadonlyArray<number> =>
  steps(entries, lineage).filter((other) => other <= step)

/** Finds the newest checkpoint: the last step of the last attempt that saved one. Undefined for an empty store. */
export const newest = (entries: ReadonlyArray<Entry>): Entry | undefined =>
  entries.reduce<Entry | undefined>((best, entry) => (best === undefined || isLater(entry, best) ? entry : best), undefined)

const entryKey = ({ lineage: { run, attempt }, step }: Entry) => ({ run, attempt, step })

const isLater = (left: Entry, right: Entry): boolean =>
  left.lineage.attempt === right.lineage.attempt ? left.step > right.step : left.lineage.attempt > right.lineage.attempt
