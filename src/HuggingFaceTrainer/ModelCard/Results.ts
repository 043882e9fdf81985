/** Extracts the results of a log for a model card: the metrics of the last evaluation, and a line for each evaluation in training. */

import * as PythonNumbers from "../../Format/PythonNumbers.ts"
import { numeral } from "../../Format/Results.ts"
import type { Scalars } from "../../Layer/Logger/Logger.ts"

/** Gives the figures of the last evaluation of the set `eval` by their names for people; undefined where there was none. */
export const last = (history: ReadonlyArray<Scalars>): Readonly<Record<string, number>> | undefined => {
  const entry = history.findLast(isEvaluation)
  if (entry === undefined) return undefined
  return Object.fromEntries(Object.entries(entry.values).map(([name, value]) => [title(name), value]))
}

/** A cell's text, by its column's title. */
export type Line = ReadonlyMap<string, string>

/** Gives a line for each evaluation until the end of the training, with the last training loss logged before it; undefined where nothing was trained. */
export const lines = (history: ReadonlyArray<Scalars>): ReadonlyArray<Line> | undefined => {
  const end = history.findIndex(({ kind }) => kind === "summary")
  if (end < 0) return undefined
  let loss = "No log"
  return history.slice(0, end).flatMap((entry): ReadonlyArray<Line> => {
    const { loss: logged } = entry.values
    if (entry.kind === "train" && logged !== undefined) loss = figure("loss", PythonNumbers.round(logged, 4))
    if (!isEvaluation(entry)) return []
    return [
      new Map([
        ["Training Loss", loss],
        ["Epoch", figure("epoch", entry.epoch)],
        ["Step", figure("step", entry.step)],
        ...Object.entries(entry.values).map(([name, value]) => {
          const named = title(name)
          return [named === "Loss" ? "Validation Loss" : named, figure(name, value)] as const
        })
      ])
    ]
  })
}

/** Writes a figure: to four decimals where it has more. **Source**: `_maybe_round`. */
export const figure = (name: string, value: number): string => {
  const whole = numeral(name, value)
  return (whole.split(".")[1]?.length ?? 0) > 4 ? PythonNumbers.round(value, 4).toFixed(4) : whole
}

/** Writes lines as a table in Markdown, with the columns of the first; nothing for none. **Source**: `make_markdown_table`. */
export const table = (lines: ReadonlyArray<Line>): string => {
  const titles = [...(lines[0]?.keys() ?? [])]
  const cells = [titles, ...lines.map((line) => titles.map((title) => line.get(title) ?? ""))].map((row) => row.map(escape))
  const widths = titles.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)))
  const write = (row: ReadonlyArray<string>) => `${row.map((cell, i) => `| ${cell.padEnd(widths[i]!)} `).join("")}|\n`
  const rule = `${widths.map((width) => `|:${"-".repeat(width)}:`).join("")}|\n`
  return titles.length === 0 ? "" : [write(cells[0]!), rule, ...cells.slice(1).map(write)].join("")
}

const isEvaluation = ({ kind, set }: Scalars): boolean => kind === "eval" && set === "eval"

/** `eval_top_5` is Top 5. */
const title = (name: string): string =>
  name
    .replace(/^eval_/, "")
    .split("_")
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase())
    .join(" ")

const escape = (cell: string): string => cell.replace(/[\r\n]+/g, " ").replaceAll("|", "\\|")
