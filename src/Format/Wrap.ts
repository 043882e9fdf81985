/** Wraps text to lines of a maximal width: between words, and inside a word only where it is longer than a line. No text is lost. **Unit**: terminal columns. */
import * as TextWidth from "./TextWidth.ts"

/** The layout of wrapped pieces. */
export interface Options {
  /** What is between two pieces of a line. Default: one space. */
  readonly between?: string
  /** What continuation lines begin with, unless it takes half of the columns. Default: nothing. */
  readonly indent?: string
  /** The width above which a single piece is broken. Default: `columns`. */
  readonly longest?: number
}

/**
 * Wraps each line of a text between words. Runs of spaces inside a line stay.
 *
 * **Law**: no line is wider than `columns`, and without white space the result is the text (test/unit/Format/Wrap.test.ts).
 */
export const text = (text: string, columns: number, options: Options = {}): string =>
  text
    .split("\n")
    .map((line) => join(line.split(/(?<=\S) /), columns, options, (piece) => piece.trimStart()))
    .join("\n")

/** Joins pieces to lines of at most `columns`. Pieces may be padded with spaces. */
export const pieces = (pieces: ReadonlyArray<string>, columns: number, options: Options = {}): string =>
  join(pieces, columns, options, (piece) => piece)

/** `first` is applied to the first piece of a continuation line. */
const join = (
  pieces: ReadonlyArray<string>,
  columns: number,
  { between = " ", indent = "", longest = columns }: Options,
  first: (piece: string) => string
): string => {
  const lines: Array<string> = []
  const margin = TextWidth.width(indent) > columns / 2 - 1 ? "" : indent
  for (const piece of pieces) {
    const last = lines.at(-1)
    const joined = `${last ?? ""}${between}${piece}`
    if (last !== undefined && TextWidth.width(joined.trimEnd()) <= columns) lines[lines.length - 1] = joined
    else lines.push(...broken(last === undefined ? piece : margin + first(piece), longest, margin))
  }
  return lines.map((line) => line.trimEnd()).join("\n")
}

/** Breaks a line that is too wide, at any character. The narrowest line has two columns, as some characters need them. */
const broken = (line: string, columns: number, indent: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let rest = line
  while (TextWidth.width(rest.trimEnd()) > Math.max(2, columns)) {
    const head = TextWidth.take(rest, Math.max(2, columns))
    lines.push(head)
    rest = indent + rest.slice(head.length).trimStart()
  }
  return [...lines, rest]
}
