/** A square matrix of counts as a drawing: a heat map, each row coloured by its shares, with the counts in the cells. **Unit**: pixels. */

import type { Matrix } from "./Figure.ts"
import * as Numbers from "./Numbers.ts"
import * as Svg from "./Svg.ts"
import * as TextWidth from "./TextWidth.ts"

/** Draws a matrix into a frame. A cell's colour is its share of its row, so that rare labels are as visible as frequent ones. */
export const draw = (figure: Matrix, { width, height }: Svg.Frame): string => {
  const labels = figure.labels.map((label) => TextWidth.truncate(label, 14))
  const count = Math.max(1, labels.length)
  const widest = Math.max(20, ...labels.map((label) => Svg.widthOf(label)))
  const left = 62 + widest
  const room = (width - 120 - left) / count
  const tilted = widest > room - 4
  const bottom = height - 62 - (tilted ? 0.5 * widest : 0)
  const box = { left, top: Svg.top + 2, bottom }
  const down = (bottom - box.top) / count
  const across = Math.min(room, 2.2 * down)
  const right = left + across * count
  const every = Math.ceil(15 / Math.min(down, tilted ? across : Infinity))
  const middle = (box.top + box.bottom) / 2
  return [
    ...figure.values.flatMap((row, i) => {
      const shares = sharesOf(row)
      return row.map((value, j) =>
        cell(value, shares[j]!, { x: box.left + j * across, y: box.top + i * down, width: across, height: down })
      )
    }),
    ...labels.flatMap((label, i) => {
      if (i % every !== 0) return []
      const x = box.left + (i + 0.5) * across
      const y = box.bottom + 20
      const below = tilted
        ? Svg.text(x + 4, y - 6, label, {
            "text-anchor": "end",
            transform: `rotate(-35 ${Math.round(x)} ${Math.round(y - 6)})`,
            "font-size": 12
          })
        : Svg.text(x, y, label, { "text-anchor": "middle" })
      return [Svg.text(box.left - 10, box.top + (i + 0.5) * down + 4.5, label, { "text-anchor": "end" }), below]
    }),
    Svg.text((box.left + right) / 2, height - 16, figure.columns, { "text-anchor": "middle", "font-size": 14, fill: Svg.ink }),
    Svg.text(26, middle, figure.rows, {
      "text-anchor": "middle",
      "font-size": 14,
      fill: Svg.ink,
      transform: `rotate(-90 26 ${Math.round(middle)})`
    }),
    scale(right + 26, box.top, box.bottom)
  ].join("")
}

/** A red, a green and a blue. **Unit**: 0 to 255. */
export type Colour = readonly [number, number, number]

/** Computes the colours of a row's cells. */
export const colours = (row: ReadonlyArray<number>): ReadonlyArray<Colour> => sharesOf(row).map(colour)

/** Each value's share of its row; 0 for what is not a positive number. */
const sharesOf = (row: ReadonlyArray<number>): ReadonlyArray<number> => {
  const parts = row.map((value) => (Number.isFinite(value) ? Math.max(0, value) : 0))
  const sum = parts.reduce((total, part) => total + part, 0)
  return parts.map((part) => (sum > 0 ? part / sum : 0))
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const cell = (value: number, share: number, box: Box): string => {
  const words = Numbers.number(value, 3)
  const size = Math.min(14, box.height * 0.55, (box.width - 4) / (0.6 * Math.max(2, words.length)))
  const square = Svg.element("rect", { ...box, fill: rgb(colour(share)), stroke: Svg.paper })
  if (value === 0 || size < 6) return square
  const place = { x: box.x + box.width / 2, y: box.y + box.height / 2 + size * 0.36 }
  return (
    square +
    Svg.text(place.x, place.y, words, { "text-anchor": "middle", "font-size": size, fill: share > 0.45 ? Svg.paper : Svg.ink })
  )
}

/** From nearly white to deep blue, in lightness alone. The root emphasizes small shares, such as rare confusions. */
const colour = (share: number): Colour => {
  const mix = (from: number, to: number) => Math.round(from + (to - from) * Math.sqrt(share))
  return [mix(241, 8), mix(245, 69), mix(250, 130)]
}

const rgb = (colour: Colour): string => `rgb(${colour.join(",")})`

/** The legend of the colours. */
const scale = (x: number, top: number, bottom: number): string => {
  const steps = 24
  const height = (bottom - top) / steps
  const bars = Array.from({ length: steps }, (_, i) =>
    Svg.element("rect", { x, y: top + i * height, width: 14, height: height + 0.5, fill: rgb(colour(1 - i / (steps - 1))) })
  )
  const ticks = [0, 0.5, 1].map((share) =>
    Svg.text(x + 22, bottom - share * (bottom - top) + (share === 1 ? 11 : share === 0 ? 0 : 4.5), `${share * 100}%`)
  )
  return bars.join("") + ticks.join("") + Svg.text(x - 2, bottom + 20, "of the row", { "font-size": 12 })
}
