/** An entry as a readable line, with human units and no control characters. */

import * as Numbers from "../../Format/Numbers.ts"
import * as TextWidth from "../../Format/TextWidth.ts"
import * as Wrap from "../../Format/Wrap.ts"
import type { Entry, Scalars, Text } from "./Logger.ts"

/**
 * Writes an entry as one line, a config as several. Equal fields of two entries are aligned if the column of kinds and sets has the same width (`widened`).
 * A line wider than `columns` is wrapped, with an indent.
 */
export const render = (entry: Entry, columns = Infinity, width = narrowest): string =>
  entry._tag === "Text"
    ? text(`${place(entry, width)}${gap}${TextWidth.clean(entry.text)}`, columns)
    : Wrap.pieces([place(entry, width), ...content(entry)], entry._tag === "Config" ? Math.min(columns, widest) : columns, {
        between: gap,
        indent,
        longest: columns
      })

/** Returns the width of the column of kinds and sets that an entry needs, at least `width`. */
export const widened = (entry: Entry, width = narrowest): number => Math.max(width, TextWidth.width(TextWidth.clean(kind(entry))))

/** Wraps a text between words. It must hold no control characters. */
export const text = (words: string, columns: number): string => Wrap.text(words, columns, { indent })

/** Writes a run's name and attempt as a title; empty for an entry without a run. */
export const title = (entry: Entry): string =>
  entry.run === "" ? "" : `run ${TextWidth.clean(entry.run)}${entry.attempt > 1 ? `, attempt ${entry.attempt}` : ""}`

/** Removes the prefix of the set from the names of metrics. */
export const named = (entry: Scalars, figures: Readonly<Record<string, number>>): ReadonlyArray<readonly [string, number]> => {
  const prefix = `${entry.set ?? (entry.kind === "summary" ? "train" : "")}_`
  return Object.entries(figures).map(([name, value]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, value])
}

/** Formats a metric by its name. */
const valued = (name: string, value: number): string =>
  name === "learning_rate"
    ? `${name} ${Numbers.scientific(value)}`
    : name === "total_flos"
      ? `flos ${Numbers.scientific(value)}`
      : `${TextWidth.clean(name)} ${Numbers.number(value).padEnd(6)}`

/** Formats a wall-clock metric by its name. */
const timed = (name: string, value: number): string => {
  if (name.endsWith("runtime")) return Numbers.duration(value).padStart(5)
  if (!name.endsWith(speed)) return `${name} ${Numbers.number(value)}`
  const unit = name.slice(0, -speed.length)
  return Numbers.rate(value, unit).padStart(`1,000 ${unit}s/s`.length)
}

const gap = "  "
const indent = "    "

const speed = "s_per_second"

/** The maximal width of a config, however wide the screen is. **Unit**: columns. */
const widest = 100

/** The width of the longest kind. **Unit**: columns. */
const narrowest = 7

const place = (entry: Entry, width: number): string =>
  `step ${Numbers.thousands(entry.step).padStart(6)}  epoch ${entry.epoch.toFixed(2).padStart(5)}  ${TextWidth.pad(TextWidth.clean(kind(entry)), width, "left")}`

const kind = (entry: Entry): string => (entry._tag === "Scalars" ? (entry.set ?? entry.kind) : entry._tag.toLowerCase())

const content = (entry: Exclude<Entry, Text>): ReadonlyArray<string> => {
  switch (entry._tag) {
    case "Scalars":
      return [
        ...named(entry, entry.values)
          .filter(([name, value]) => !(name === "total_flos" && value === 0)) // not counted
          .map(([name, value]) => valued(name, value)),
        ...named(entry, entry.clock)
          .filter(([name, value]) => !name.endsWith("_per_second") || value > 0) // no samples or steps
          .filter(([name]) => entry.kind !== "eval" || name !== "steps_per_second") // redundant with samples_per_second
          .map(([name, value]) => timed(TextWidth.clean(name), value))
      ].map((piece) => (entry.kind === "summary" ? piece.trim() : piece)) // printed once, so not aligned
    case "Figure":
      return [TextWidth.clean(entry.name)]
    case "Config":
      return Object.entries(entry.config).flatMap(([name, value]) =>
        value === undefined || value === null ? [] : [TextWidth.clean(`${name}=${setting(value)}`)]
      )
  }
}

const setting = (value: unknown): string =>
  Array.isArray(value) && value.every((item) => typeof item !== "object")
    ? value.join(",")
    : typeof value === "object"
      ? "{…}"
      : String(value)
