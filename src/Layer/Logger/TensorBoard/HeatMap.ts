/** A matrix as pixels: each row coloured by its shares, as in the SVG picture, but without words. */

import type { Matrix } from "../../../Format/Figure.ts"
import * as MatrixSvg from "../../../Format/MatrixSvg.ts"
import type { Image } from "./Png.ts"

/** Paints a matrix; undefined where it has no cells. Rows that are shorter than the longest end in white. */
export const paint = ({ values }: Matrix): Image | undefined => {
  const [rows, columns] = [values.length, Math.max(0, ...values.map((row) => row.length))]
  if (columns === 0) return undefined
  const cell = Math.max(1, Math.min(24, Math.floor(largest / Math.max(rows, columns))))
  const [width, height] = [columns * cell, rows * cell]
  const pixels = new Uint8Array(3 * width * height).fill(255)
  values.forEach((row, i) => {
    MatrixSvg.colours(row).forEach((colour, j) => {
      for (let y = i * cell; y < (i + 1) * cell; y++)
        for (let x = j * cell; x < (j + 1) * cell; x++) pixels.set(colour, 3 * (y * width + x))
    })
  })
  return { width, height, pixels }
}

/** Cells shrink from 24 pixels to 1 to stay within this. **Unit**: pixels. */
const largest = 960
