/** Evaluations as rows of a growing table: the titles are written once, and again whenever the columns change. */
import * as Cells from "../../Format/Cells.ts"
import * as Numbers from "../../Format/Numbers.ts"
import * as Table from "../../Format/Table.ts"
import * as EntryLine from "./EntryLine.ts"
import type { Scalars } from "./Logger.ts"

/** The columns of the last row. */
export type Layout = ReadonlyArray<Table.Column>
export const empty: Layout = []

/** The minimal width of a metric's column. **Unit**: columns. */
const least = 8

/** Writes an evaluation, beside the last training loss where there is one. Where the table is wider than `columns`, the row is a line of its own. */
export const append = (
  layout: Layout,
  entry: Scalars,
  trainLoss: number | undefined,
  columns: number
): readonly [Layout, string] => {
  const cells: ReadonlyArray<readonly [string, string]> = [
    ["step", Numbers.thousands(entry.step)],
    ["epoch", entry.epoch.toFixed(2)],
    ["set", entry.set ?? "eval"],
    ...(trainLoss === undefined ? [] : [["train loss", Numbers.number(trainLoss)] as const]),
    ...EntryLine.named(entry, entry.values).map(([name, value]) => [Cells.clean(name), Numbers.number(value)] as const),
    ...EntryLine.named(entry, entry.clock).flatMap(([name, value]) =>
      name === "runtime" ? [["time", Numbers.duration(value)] as const] : []
    )
  ]
  const alike = layout.length === cells.length && layout.every((column, i) => column.title === cells[i]![0])
  const next = cells.map(([title, text], i): Table.Column => {
    const floor = alike ? layout[i]!.width : i > 2 && title !== "time" ? least : 5
    return { title, align: title === "set" ? "left" : "right", width: Math.max(floor, Cells.width(title), Cells.width(text)) }
  })
  const row = Table.row(
    next,
    cells.map((cell) => cell[1])
  )
  if (Cells.width(row) > columns) return [empty, EntryLine.render(entry, columns)]
  const same = alike && next.every((column, i) => column.width === layout[i]!.width)
  return [next, same ? row : `${Table.header(next)}\n${row}`]
}
