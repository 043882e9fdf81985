/** SVG elements as strings. **Unit**: pixels. */

/** A picture's size and title. */
export interface Frame {
  readonly title: string
  readonly width: number
  readonly height: number
}

/** The end of the title, where a drawing may begin. */
export const top = 56

export const ink = "#1f2430"
export const faint = "#5b6472"
export const grid = "#e3e6eb"
export const paper = "#ffffff"

/** Okabe and Ito's palette, without its yellow (too light on paper), blue first. */
export const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"]

export type Attributes = Readonly<Record<string, string | number>>

/** Makes an element. Numbers are rounded to a tenth of a pixel; texts inside must have gone through `escape`. */
export const element = (name: string, attributes: Attributes, inside = ""): string => {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escape(value)}"`
  )
  return `<${name}${written.join("")}${inside === "" ? "/>" : `>${inside}</${name}>`}`
}

/** Makes a line of text. */
export const text = (x: number, y: number, words: string, attributes: Attributes = {}): string =>
  element("text", { x, y, "font-size": 13, fill: faint, ...attributes }, escape(words))

export const line = (x1: number, y1: number, x2: number, y2: number, stroke: string): string =>
  element("line", { x1, y1, x2, y2, stroke })

/** Makes the file: background, title, drawing. */
export const file = ({ title, width, height }: Frame, drawing: string): string =>
  `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
    },
    element("title", {}, escape(title)) +
      element("rect", { width, height, fill: paper }) +
      text(24, 34, title, { "font-size": 19, "font-weight": 600, fill: ink }) +
      drawing
  )}\n`

/** The approximate width of a text in the file's fonts. */
export const widthOf = (words: string, size = 13): number => words.length * size * 0.58

/** Makes a text safe inside an element or an attribute; characters that XML does not allow become spaces. */
export const escape = (words: string): string =>
  words
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, " ")
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

const round = (value: number): string => String(Math.round(value * 10) / 10)
