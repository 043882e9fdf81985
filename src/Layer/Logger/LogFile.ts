/** The lines of a log file, and their truncation to what a resumed attempt starts from. */
import { Predicate } from "effect"
import * as EntryJson from "./EntryJson.ts"
import type { Config, Entry } from "./Logger.ts"

/** A line, and what identifies its entry; undefined where the line is not an entry. */
export interface Line {
  readonly text: string
  readonly entry: (Pick<Entry, "_tag" | "run" | "step"> & Pick<Config, "historyLength">) | undefined
}

/** Makes the line of an entry. */
export const make = (entry: Entry): Line => ({ text: EntryJson.encode(entry), entry })

/** Reads the complete lines of a file. */
export const parse = (text: string): ReadonlyArray<Line> =>
  text
    .split("\n")
    .slice(0, -1)
    .map((text) => ({ text, entry: identify(text) }))

/** Whether an entry is the configuration of an attempt after the first, which may resume from an earlier log. */
export const isLaterAttempt = (entry: Line["entry"]): entry is Config =>
  entry?._tag === "Config" && (entry as Config).historyLength !== undefined

/**
 * Removes the entries of a run that an attempt logs again: those after the `historyLength` scalars that it resumes from. A start from scratch keeps the log of
 * an earlier training, and removes that of an attempt that was interrupted before its first update. Configurations, other runs and lines that are no entries stay.
 *
 * **Law**: the file of a run that is interrupted and resumed has the lines of one that is not (test/property/logFile.test.ts).
 */
export const truncated = (lines: ReadonlyArray<Line>, { historyLength = 0, run, step }: Config): ReadonlyArray<Line> => {
  const isOwn = ({ entry }: Line) => entry?.run === run
  const start = lines.findLastIndex((line) => isOwn(line) && line.entry?._tag === "Config" && line.entry.step === 0) + 1
  const training = lines.slice(start)
  if (step === 0 && training.some((line) => isOwn(line) && line.entry!.step > 0)) return lines
  let scalars = 0
  const remaining = training.filter((line) => {
    const { entry } = line
    if (entry === undefined || entry.run !== run) return true
    if (entry._tag === "Config") {
      scalars = entry.historyLength ?? 0 // the file may have been moved away before
      return true
    }
    if (entry._tag === "Scalars") scalars++
    return scalars < historyLength || (scalars === historyLength && scalars > 0 && entry._tag !== "Text")
  })
  return remaining.length === training.length ? lines : [...lines.slice(0, start), ...remaining]
}

const identify = (text: string): Line["entry"] => {
  try {
    const json: unknown = JSON.parse(text)
    if (!Predicate.isReadonlyObject(json)) return undefined
    const { historyLength, kind, run, step } = json as Readonly<Record<string, unknown>>
    if (typeof kind !== "string" || typeof run !== "string" || typeof step !== "number") return undefined
    return { _tag: tags[kind] ?? "Scalars", run, step, ...(typeof historyLength === "number" ? { historyLength } : {}) }
  } catch {
    return undefined
  }
}

const tags: Readonly<Record<string, Entry["_tag"]>> = { text: "Text", figure: "Figure", config: "Config" }
