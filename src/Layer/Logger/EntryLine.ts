/** An entry as a line for people, with human units and no control characters. */
import * as Cells from "../../Format/Cells.ts"
import * as Numbers from "../../Format/Numbers.ts"
import type { Entry, Scalars, Text } from "./Logger.ts"

/**
 * Writes an entry as one line, a config as several; what is alike in two entries stands in the same column, where that of kinds and sets is as wide for both (`widened`).
 * Where the line is wider than `columns`, it goes on below, indented.
 */
export const render = (entry: Entry, columns = Infinity, width = narrowest): string =>
  entry._tag === "Text"
    ? text(`${place(entry, width)}${gap}${Cells.clean(entry.text)}`, columns)
    : wrap([place(entry, width), ...content(entry)], entry._tag === "Config" ? Math.min(columns, page) : columns)

/** How wide the column of kinds and sets must be for an entry, that is at least `width` wide. */
export const widened = (entry: Entry, width = narrowest): number => Math.max(width, Cells.width(Cells.clean(kind(entry))))

/** Writes a text over as many lines as it takes. It must hold no control characters. */
export const text = (words: string, columns: number): string => wrap(words.split(/(?<=\S) /), columns, " ")

/** Writes what a run is called, for its first entry; nothing for what is no run's. */
export const title = (entry: Entry): string =>
  entry.run === "" ? "" : `run ${Cells.clean(entry.run)}${entry.attempt > 1 ? `, attempt ${entry.attempt}` : ""}`

/** Names the figures of an evaluation without the set that they all start with. */
export const named = (entry: Scalars, figures: Readonly<Record<string, number>>): ReadonlyArray<readonly [string, number]> => {
  const prefix = `${entry.set ?? (entry.kind === "summary" ? "train" : "")}_`
  return Object.entries(figures).map(([name, value]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, value])
}

/** Writes a figure by what its name says that it is. */
const valued = (name: string, value: number): string =>
  name === "learning_rate"
    ? `${name} ${Numbers.scientific(value)}`
    : name === "total_flos"
      ? `flos ${Numbers.scientific(value)}`
      : `${Cells.clean(name)} ${Numbers.number(value).padEnd(6)}`

/** Writes a figure of the wall clock by what its name says that it is. */
const timed = (name: string, value: number): string => {
  if (name.endsWith("runtime")) return Numbers.duration(value).padStart(5)
  if (!name.endsWith(speed)) return `${name} ${Numbers.number(value)}`
  const one = name.slice(0, -speed.length)
  return Numbers.rate(value, one).padStart(`1,000 ${one}s/s`.length)
}

/** Joins pieces to lines of at most `columns`. */
export const wrap = (pieces: ReadonlyArray<string>, columns: number, between = gap): string => {
  const lines: Array<string> = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    const joined = `${last ?? ""}${between}${piece}`
    if (last !== undefined && Cells.width(joined.trimEnd()) <= columns) lines[lines.length - 1] = joined
    else lines.push(`${last === undefined ? "" : indent}${piece}`)
  }
  return lines.map((line) => Cells.truncate(line.trimEnd(), columns)).join("\n")
}

const gap = "  "
const indent = "    "

const speed = "s_per_second"

/** What has many pieces is no wider, however wide the screen is. **Unit**: columns. */
const page = 100

/** The kinds have room in this. */
const narrowest = 7

const place = (entry: Entry, width: number): string =>
  `step ${Numbers.thousands(entry.step).padStart(6)}  epoch ${entry.epoch.toFixed(2).padStart(5)}  ${Cells.pad(Cells.clean(kind(entry)), width, "left")}`

const kind = (entry: Entry): string => (entry._tag === "Scalars" ? (entry.set ?? entry.kind) : entry._tag.toLowerCase())

const content = (entry: Exclude<Entry, Text>): ReadonlyArray<string> => {
  switch (entry._tag) {
    case "Scalars":
      return [
        ...named(entry, entry.values)
          .filter(([name, value]) => !(name === "total_flos" && value === 0)) // nobody has counted
          .map(([name, value]) => valued(name, value)),
        ...named(entry, entry.clock)
          .filter(([name, value]) => !name.endsWith("_per_second") || value > 0) // nothing was done
          .filter(([name]) => entry.kind !== "eval" || name !== "steps_per_second") // its samples say as much
          .map(([name, value]) => timed(Cells.clean(name), value))
      ].map((piece) => (entry.kind === "summary" ? piece.trim() : piece)) // nothing is alike
    case "Figure":
      return [Cells.clean(entry.name)]
    case "Config":
      return Object.entries(entry.config).flatMap(([name, value]) =>
        value === undefined || value === null ? [] : [Cells.clean(`${name}=${setting(value)}`)]
      )
  }
}

const setting = (value: unknown): string =>
  Array.isArray(value) && value.every((item) => typeof item !== "object")
    ? value.join(",")
    : typeof value === "object"
      ? "{…}"
      : String(value)
