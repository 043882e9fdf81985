/** A table as text of a maximal width: aligned columns, numbers to the right. **Unit**: terminal columns. */

import * as Numbers from "./Numbers.ts"
import * as TextWidth from "./TextWidth.ts"
import * as Wrap from "./Wrap.ts"

/** Numbers are written as `Numbers.number` does; write them yourself, and say `align`, where that is not what you want. */
export type Cell = string | number | null

/** One column: as wide as its widest cell, unless the table had to be made narrower. */
export interface Column {
  readonly title: string
  readonly align: "left" | "right"
  readonly width: number
}

/** Measures the columns for rows known in advance. A column is right-aligned where all its cells are numbers or null. */
export const measure = (
  titles: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  columns = Infinity
): ReadonlyArray<Column> => {
  const natural = titles.map((title, i): Column => {
    const cells = rows.map((row) => row[i] ?? null)
    const width = cells.reduce<number>(
      (widest, cell) => Math.max(widest, TextWidth.width(text(cell))),
      TextWidth.width(text(title))
    )
    const numeric = cells.some((cell) => typeof cell === "number") && cells.every((cell) => typeof cell !== "string")
    return { title, align: numeric ? "right" : "left", width }
  })
  return narrow(natural, columns)
}

/** Writes the titles. */
export const header = (table: ReadonlyArray<Column>, columns = Infinity): string =>
  row(
    table,
    table.map((column) => column.title),
    columns
  )

/** Writes a rule under the titles. */
export const rule = (table: ReadonlyArray<Column>, columns = Infinity): string =>
  TextWidth.truncate(table.map((column) => "─".repeat(column.width)).join(gap), columns)

/** Writes one row. A cell that does not fit its column is truncated with an ellipsis, and so is a line that does not fit `columns`. */
export const row = (table: ReadonlyArray<Column>, cells: ReadonlyArray<Cell>, columns = Infinity): string => {
  const line = table
    .map(({ align, width }, i) => TextWidth.pad(TextWidth.truncate(text(cells[i] ?? null), width), width, align))
    .join(gap)
    .trimEnd()
  return TextWidth.truncate(line, columns)
}

/**
 * Writes a whole table: titles, a rule, the rows. Lines are joined by newlines; none follows the last. A text that does not fit is truncated, or with
 * `overflow` "wrap" continued on the next line of its column.
 *
 * **Law**: truncated, no line is wider than `columns` (test/unit/Format/Table.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Table } from "regimen/metrics"
 *
 * const table = Table.render(["set", "loss"], [["eval", 0.25], ["test", 12.5]])
 * assert.deepEqual(table.split("\n"), ["set     loss", "────  ──────", "eval  0.2500", "test   12.50"])
 * ```
 */
export const render = (
  titles: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  columns = Infinity,
  overflow: "truncate" | "wrap" = "truncate"
): string => {
  const table = measure(titles, rows, columns)
  const line = overflow === "wrap" ? wrappedRow : row
  return [header(table, columns), rule(table, columns), ...rows.map((cells) => line(table, cells, columns))].join("\n")
}

/** Writes one row. A text that does not fit its column is continued on the next line. */
const wrappedRow = (table: ReadonlyArray<Column>, cells: ReadonlyArray<Cell>): string => {
  const parts = table.map(({ align, width }, i) =>
    align === "right" ? [text(cells[i] ?? null)] : Wrap.text(text(cells[i] ?? null), width).split("\n")
  )
  return Array.from({ length: Math.max(...parts.map((lines) => lines.length)) }, (_, at) =>
    table
      .map(({ align, width }, i) => TextWidth.pad(parts[i]![at] ?? "", width, align))
      .join(gap)
      .trimEnd()
  ).join("\n")
}

const gap = "  "

/** The minimal width of a text column. */
const narrowest = 6

const text = (cell: Cell): string =>
  cell === null ? "-" : typeof cell === "number" ? Numbers.number(cell) : TextWidth.clean(cell)

/** Takes columns from the widest text column until the table fits: a truncated number would be another number. */
const narrow = (table: ReadonlyArray<Column>, columns: number): ReadonlyArray<Column> => {
  const widths = table.map((column) => column.width)
  const texts = table.flatMap((column, i) => (column.align === "left" ? [i] : []))
  let excess = widths.reduce((sum, width) => sum + width, 0) + gap.length * (table.length - 1) - columns
  while (excess > 0) {
    const widest = texts.reduce((best, i) => (best < 0 || widths[i]! > widths[best]! ? i : best), -1)
    if (widest < 0 || widths[widest]! <= narrowest) break
    widths[widest]!--
    excess--
  }
  return table.map((column, i) => ({ ...column, width: widths[i]! }))
}
