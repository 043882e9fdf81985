/** Evaluations as rows of a growing table: the titles are written once, and again whenever the columns change. */

import * as Numbers from "../../Format/Numbers.ts"
import * as Table from "../../Format/Table.ts"
import * as TextWidth from "../../Format/TextWidth.ts"
import * as EntryLine from "./EntryLine.ts"
import type { Scalars } from "./Logger.ts"

/** The columns of the last row. */
export type Layout = ReadonlyArray<Table.Column>
export const empty: Layout = []

/** The minimal width of a metric's column. **Unit**: columns. */
const least = 8

/** Terminals narrower than this have no reduced tables. **Unit**: columns. */
const narrowest = 60

/** The columns to omit where the table is too wide, in order. */
const optional: ReadonlyArray<ReadonlyArray<string>> = [[], ["time"], ["time", "epoch"]]

type Cell = readonly [title: string, text: string]

/**
 * Writes an evaluation, with the last training loss if there is one. Where the table is wider than `columns`, the columns of metrics are narrowed, then the time and
 * the epoch are omitted; a row that is still too wide is written as a line of its own.
 */
export const append = (
  layout: Layout,
  entry: Scalars,
  trainLoss: number | undefined,
  columns: number
): readonly [Layout, string] => {
  const cells: ReadonlyArray<Cell> = [
    ["step", Numbers.thousands(entry.step)],
    ["epoch", entry.epoch.toFixed(2)],
    ["set", entry.set ?? "eval"],
    ...(trainLoss === undefined ? [] : [["train loss", Numbers.number(trainLoss)] as const]),
    ...EntryLine.named(entry, entry.values).map(([name, value]) => [TextWidth.clean(name), Numbers.number(value)] as const),
    ...EntryLine.named(entry, entry.clock).flatMap(([name, value]) =>
      name === "runtime" ? [["time", Numbers.duration(value)] as const] : []
    )
  ]
  const fitting = (columns < narrowest ? [[]] : optional)
    .map((omitted) => cells.filter(([title]) => !omitted.includes(title)))
    .flatMap((shown) => [rowOf(layout, shown, least), rowOf(layout, shown, 0)])
    .filter(({ text }) => TextWidth.width(text) <= columns)
  const chosen = fitting.find(({ next }) => isAlike(next, layout)) ?? fitting[0]
  if (chosen === undefined) return [empty, EntryLine.render(entry, columns)]
  const { next, text } = chosen
  const same = isAlike(next, layout) && next.every((column, i) => column.width === layout[i]!.width)
  return [next, same ? text : `${Table.header(next)}\n${text}`]
}

/** Writes cells as a row whose columns are at least as wide as those of the last row, if it had the same ones. */
const rowOf = (layout: Layout, cells: ReadonlyArray<Cell>, least: number): { readonly next: Layout; readonly text: string } => {
  const titles = cells.map(([title]) => ({ title }))
  const next = cells.map(([title, text], i): Table.Column => {
    const floor = isAlike(titles, layout) ? layout[i]!.width : isMetric(title) ? least : 5
    return {
      title,
      align: title === "set" ? "left" : "right",
      width: Math.max(floor, TextWidth.width(title), TextWidth.width(text))
    }
  })
  const texts = cells.map(([, text]) => text)
  return { next, text: Table.row(next, texts) }
}

const isMetric = (title: string): boolean => !["step", "epoch", "set", "time"].includes(title)

const isAlike = (left: ReadonlyArray<{ readonly title: string }>, right: Layout): boolean =>
  left.length === right.length && left.every(({ title }, i) => title === right[i]!.title)
