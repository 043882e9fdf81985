/** Lines over a common x as a drawing: grid, ticks, axis titles, and each line's name beside its end. **Unit**: pixels. */

import * as Axis from "./Axis.ts"
import type { Lines } from "./Figure.ts"
import * as Svg from "./Svg.ts"
import * as TextWidth from "./TextWidth.ts"

/** Draws lines into a frame. A line has a gap at a point that is not finite; a single point is a dot. */
export const draw = (figure: Lines, { width, height }: Svg.Frame): string => {
  const names = Object.keys(figure.series)
  const points = Object.values(figure.series).flat()
  const y = Axis.make(
    points.map((point) => point[1]),
    { count: Math.max(2, (height - 130) / 60), round: true }
  )
  const margin = Math.max(...y.ticks.map((tick) => Svg.widthOf(tick.label)))
  const box = { left: 60 + margin, right: width - 28, top: Svg.top + (names.length > 1 ? 26 : 4), bottom: height - 62 }
  const x = Axis.make(
    points.map((point) => point[0]),
    { count: Math.max(2, (box.right - box.left) / 90), round: false }
  )
  const atX = (value: number) => box.left + Axis.place(x, value) * (box.right - box.left)
  const atY = (value: number) => box.bottom - Axis.place(y, value) * (box.bottom - box.top)
  const middle = (box.top + box.bottom) / 2
  return [
    ...y.ticks.map(
      ({ value, label }) =>
        Svg.line(box.left, atY(value), box.right, atY(value), Svg.grid) +
        Svg.text(box.left - 10, atY(value) + 4.5, label, { "text-anchor": "end" })
    ),
    ...x.ticks.map(
      ({ value, label }) =>
        Svg.line(atX(value), box.bottom, atX(value), box.bottom + 6, Svg.faint) +
        Svg.text(atX(value), box.bottom + 22, label, { "text-anchor": "middle" })
    ),
    Svg.line(box.left, box.bottom, box.right, box.bottom, Svg.faint),
    Svg.text((box.left + box.right) / 2, height - 16, figure.x, { "text-anchor": "middle", "font-size": 14, fill: Svg.ink }),
    Svg.text(26, middle, figure.y, {
      "text-anchor": "middle",
      "font-size": 14,
      fill: Svg.ink,
      transform: `rotate(-90 26 ${Math.round(middle)})`
    }),
    ...names.map((name, i) => curve(figure.series[name]!, atX, atY, styleOf(i))),
    names.length > 1 ? legend(names, box.left, Svg.top + 6, box.right) : "",
    points.some(isFinitePoint)
      ? ""
      : Svg.text((box.left + box.right) / 2, middle, "nothing to show yet", { "text-anchor": "middle", "font-size": 15 })
  ].join("")
}

type Point = readonly [number, number]

const isFinitePoint = ([x, y]: Point): boolean => Number.isFinite(x) && Number.isFinite(y)

/** Dash patterns of the lines beyond the palette's colours. */
const styleOf = (index: number): Svg.Attributes => ({
  stroke: Svg.palette[index % Svg.palette.length]!,
  "stroke-width": 2.2,
  ...(index < Svg.palette.length ? {} : { "stroke-dasharray": "7 4" })
})

const curve = (
  points: ReadonlyArray<Point>,
  atX: (x: number) => number,
  atY: (y: number) => number,
  style: Svg.Attributes
): string => {
  const runs: Array<Array<Point>> = [[]]
  for (const point of points) {
    if (isFinitePoint(point)) runs.at(-1)!.push(point)
    else if (runs.at(-1)!.length > 0) runs.push([])
  }
  const few = points.length <= 25
  return runs
    .map((run) => {
      const places = run.map(([x, y]) => ({ x: Math.round(atX(x) * 10) / 10, y: Math.round(atY(y) * 10) / 10 }))
      const path = places.map((place, i) => `${i === 0 ? "M" : "L"}${place.x} ${place.y}`).join("")
      const dots =
        few || run.length === 1
          ? places.map((place) => Svg.element("circle", { cx: place.x, cy: place.y, r: 3.2, fill: style.stroke! }))
          : []
      const drawn = path === "" ? "" : Svg.element("path", { d: path, fill: "none", "stroke-linejoin": "round", ...style })
      return drawn + dots.join("")
    })
    .join("")
}

/** A line of names, as many as fit. */
const legend = (names: ReadonlyArray<string>, left: number, y: number, right: number): string => {
  let x = left
  let drawn = ""
  names.forEach((name, i) => {
    const label = TextWidth.truncate(name, 32)
    const end = x + 30 + Svg.widthOf(label)
    if (end > right) return
    drawn += Svg.element("line", { x1: x, y1: y, x2: x + 22, y2: y, ...styleOf(i), "stroke-width": 3 })
    drawn += Svg.text(x + 30, y + 4.5, label, { fill: Svg.ink })
    x = end + 22
  })
  return drawn
}
