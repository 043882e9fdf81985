/** A figure as an SVG picture: light background, system fonts, colours that colour-blind people can tell apart. **Unit**: pixels. */
import type { Figure } from "../Figure.ts"
import * as LinesPicture from "./LinesPicture.ts"
import * as MatrixPicture from "./MatrixPicture.ts"
import * as Svg from "./Svg.ts"

/**
 * Draws a figure: lines with axes and a legend, or a matrix as a heat map with its counts. The result is a whole SVG file.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Picture } from "regimen"
 *
 * const svg = Picture.render({ _tag: "Lines", x: "step", y: "loss", series: { train: [[0, 2.3], [100, 0.4]] } }, { title: "Loss" })
 * assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="800" height="500"/)
 * ```
 */
export const render = (
  figure: Figure,
  options: { readonly title: string; readonly width?: number; readonly height?: number }
): string => {
  const frame = { title: options.title, width: options.width ?? 800, height: options.height ?? 500 }
  return Svg.file(frame, figure._tag === "Lines" ? LinesPicture.draw(figure, frame) : MatrixPicture.draw(figure, frame))
}
