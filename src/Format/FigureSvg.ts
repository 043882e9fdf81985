/** A figure as an SVG picture: light background, system fonts, colours that colour-blind people can tell apart. **Unit**: pixels. */
import * as Figure from "./Figure.ts"
import * as LineChartSvg from "./LineChartSvg.ts"
import * as MatrixSvg from "./MatrixSvg.ts"
import * as Svg from "./Svg.ts"

/**
 * Draws a figure: lines with axes and a legend, a matrix as a heat map with its counts, a histogram as the outline of its bars. The result is a whole SVG file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { FigureSvg } from "regimen/metrics"
 *
 * const svg = FigureSvg.render({ _tag: "Lines", x: "step", y: "loss", series: { train: [[0, 2.3], [100, 0.4]] } }, { title: "Loss" })
 * assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="800" height="500"/)
 * ```
 */
export const render = (
  figure: Figure.Figure,
  options: { readonly title: string; readonly width?: number; readonly height?: number }
): string => {
  const frame = { title: options.title, width: options.width ?? 800, height: options.height ?? 500 }
  return Svg.file(frame, draw(figure, frame))
}

const draw = (figure: Figure.Figure, frame: Svg.Frame): string => {
  switch (figure._tag) {
    case "Lines":
      return LineChartSvg.draw(figure, frame)
    case "Matrix":
      return MatrixSvg.draw(figure, frame)
    case "Histogram":
      return LineChartSvg.draw(Figure.outline(figure), frame)
  }
}
