/** Widths of text in a terminal. **Unit**: columns (cells): a letter takes one, an ideograph or an emoji two, a combining mark none. */

/** Counts the columns that a text takes. It must hold no control characters: see `clean`. */
export const width = (text: string): number => {
  if (isAscii(text)) return text.length
  let cells = 0
  for (const { segment } of graphemes.segment(text)) cells += cellsOf(segment)
  return cells
}

/** Replaces control characters by spaces, so that a name or a message from outside can neither move the cursor nor break a line. */
export const clean = (text: string): string => text.replace(control, " ")

/**
 * Truncates a text to a number of columns; the last one becomes an ellipsis if something was removed.
 *
 * **Law**: the width of the result is at most `columns` (test/unit/Format/TextWidth.test.ts).
 */
export const truncate = (text: string, columns: number): string => {
  if (width(text) <= columns) return text
  if (columns < 1) return ""
  return `${take(text, columns - 1)}…`
}

/** Takes the start of a text that fits in a number of columns. */
export const take = (text: string, columns: number): string => {
  let taken = ""
  let cells = 0
  for (const { segment } of graphemes.segment(text)) {
    cells += cellsOf(segment)
    if (cells > columns) break
    taken += segment
  }
  return taken
}

/** Pads a text with spaces to a number of columns, on its right (`left` aligned) or its left (`right` aligned). */
export const pad = (text: string, columns: number, align: "left" | "right"): string => {
  const space = " ".repeat(Math.max(0, columns - width(text)))
  return align === "left" ? text + space : space + text
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text)

const nothing = /^(?:\p{Mark}|\p{Default_Ignorable_Code_Point})+$/u
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f1e6}-\u{1f1ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u

const cellsOf = (grapheme: string): number => (nothing.test(grapheme) ? 0 : wide.test(grapheme) ? 2 : 1)
