/** A line plot as text: braille dots (two by four in a cell), with axes and a legend. */

import * as Axis from "./Axis.ts"
import type { Lines } from "./Figure.ts"
import * as TextWidth from "./TextWidth.ts"

/** The whole plot, its labels and legend included. **Unit**: terminal columns and rows. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/**
 * Draws lines in a terminal. The first series is solid, the next ones are dotted, dashed and dash-dotted, so that they can be distinguished
 * without colours; a legend is drawn where there is more than one. Points that are not finite are gaps.
 *
 * **Law**: it has exactly `rows` lines (8 at least), none wider than `columns` (30 at least) (test/unit/Format/Plot.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Plot } from "regimen/metrics"
 *
 * const plot = Plot.render({ x: "step", y: "loss", series: { train: [[0, 2.5], [50, 1], [100, 0.5]] } }, { columns: 40, rows: 10 })
 * assert.equal(plot.split("\n").length, 10)
 * ```
 */
export const render = (lines: Omit<Lines, "_tag">, size: Size): string => {
  const columns = Math.max(30, Math.floor(size.columns))
  const names = Object.keys(lines.series)
  const legend = names.length > 1
  const height = Math.max(8, Math.floor(size.rows)) - 3 - (legend ? 1 : 0)
  const points = Object.values(lines.series).flat()
  const y = Axis.make(
    points.map((point) => point[1]),
    { count: Math.max(2, Math.floor(height / 3)), round: true }
  )
  const margin = Math.max(...y.ticks.map((tick) => tick.label.length)) + 1
  const width = columns - margin - 1
  const x = Axis.make(
    points.map((point) => point[0]),
    { count: Math.max(2, Math.floor(width / 10)), round: false }
  )

  const canvas = blank(width, height)
  names.forEach((name, i) => {
    draw(canvas, x, y, lines.series[name]!, patterns[i % patterns.length]!)
  })

  const rowOf = new Map(y.ticks.map((tick) => [Math.round((1 - Axis.place(y, tick.value)) * (height - 1)), tick.label]))
  const body = canvas.map((cells, row) => {
    const label = rowOf.get(row)
    return `${(label ?? "").padStart(margin - 1)} ${label === undefined ? "│" : "┤"}${text(cells)}`.trimEnd()
  })
  const title = TextWidth.truncate(`${" ".repeat(margin)}${TextWidth.clean(lines.y)}`, columns)
  return [
    title,
    ...body,
    ...bottom(x, margin, width, TextWidth.clean(lines.x)),
    ...(legend ? [key(names, margin, columns)] : [])
  ].join("\n")
}

/** Dots on and off along a line. */
const patterns = [
  { mark: "━━", dots: [true] },
  { mark: "··", dots: [true, false, false] },
  { mark: "╍╍", dots: [true, true, true, true, false, false, false] },
  { mark: "╍·", dots: [true, true, true, true, false, false, true, false, false] }
]

/** The bits of a braille cell: `bits[row][column]`. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80]
]

const blank = (width: number, height: number): Array<Array<number>> =>
  Array.from({ length: height }, () => new Array<number>(width).fill(0))

const text = (cells: ReadonlyArray<number>): string =>
  cells.map((cell) => (cell === 0 ? " " : String.fromCharCode(0x2800 + cell))).join("")

const draw = (
  canvas: Array<Array<number>>,
  x: Axis.Axis,
  y: Axis.Axis,
  points: ReadonlyArray<readonly [number, number]>,
  pattern: { readonly dots: ReadonlyArray<boolean> }
): void => {
  const right = canvas[0]!.length * 2 - 1
  const low = canvas.length * 4 - 1
  let before: readonly [number, number] | null = null
  let drawn = 0
  const dot = (column: number, row: number) => {
    if (pattern.dots[drawn++ % pattern.dots.length]) canvas[row >> 2]![column >> 1]! |= bits[row & 3]![column & 1]!
  }
  for (const [px, py] of points) {
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      before = null
      continue
    }
    const at = [Math.round(Axis.place(x, px) * right), Math.round((1 - Axis.place(y, py)) * low)] as const
    const [c, r] = before ?? at
    const steps = Math.max(Math.abs(at[0] - c), Math.abs(at[1] - r))
    if (before === null) dot(at[0], at[1])
    for (let i = 1; i <= steps; i++) dot(Math.round(c + ((at[0] - c) * i) / steps), Math.round(r + ((at[1] - r) * i) / steps))
    before = at
  }
}

/** The x axis, and its labels under it: each centred on its tick, none over another. */
const bottom = (x: Axis.Axis, margin: number, width: number, title: string): ReadonlyArray<string> => {
  const line = new Array<string>(width).fill("─")
  let labels = ""
  for (const tick of x.ticks) {
    const at = Math.round(Axis.place(x, tick.value) * (width - 1))
    const start = Math.min(margin + 1 + at - Math.floor(tick.label.length / 2), margin + 1 + width - tick.label.length)
    if (start < labels.length + (labels === "" ? 0 : 2)) continue
    line[at] = "┴"
    labels = labels.padEnd(start) + tick.label
  }
  const name = TextWidth.truncate(title, Math.max(0, margin + 1 + width - labels.length - 2))
  const room = margin + 1 + width - TextWidth.width(name)
  return [`${" ".repeat(margin)}└${line.join("")}`, room > labels.length ? labels.padEnd(room) + name : labels]
}

const key = (names: ReadonlyArray<string>, margin: number, columns: number): string =>
  TextWidth.truncate(
    " ".repeat(margin + 1) +
      names.map((name, i) => `${patterns[i % patterns.length]!.mark} ${TextWidth.clean(name)}`).join("   "),
    columns
  )
