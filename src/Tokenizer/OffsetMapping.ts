/** Maps tokens to their spans in the text (the offset mapping). **Unit**: UTF-16 code units. */

/** A half-open range: `from` inclusive, `to` exclusive. */
export type Span = readonly [from: number, to: number]

export interface Options {
  /** The tokenizer's normalizer. */
  readonly normalize: (text: string) => string
  /** Returns the bytes of a token; undefined for the unknown token. */
  readonly bytesOf: (token: string) => ReadonlyArray<number> | undefined
}

/**
 * Aligns tokens with their text: returns the span of each token, without leading whitespace. Unknown tokens share the words up to the next token that
 * matches the text; a token without text has an empty span.
 *
 * **Law**: spans are in order; without unknown tokens they cover all text but whitespace (test/property/Tokenizer.test.ts).
 */
export const align = (text: string, tokens: ReadonlyArray<string>, { normalize, bytesOf }: Options): ReadonlyArray<Span> => {
  const units = unitsOf(text, normalize)
  const tokenBytes = tokens.map(bytesOf)
  const spans: Array<Span> = []
  let at = 0
  for (let i = 0; i < tokens.length; ) {
    const end = tokenBytes[i] === undefined ? undefined : match(units, at, tokenBytes[i]!)
    if (end !== undefined) {
      spans.push(spanOf(units, at, end))
      at = end
      i++
      continue
    }
    let next = i + 1
    while (next < tokens.length && tokenBytes[next] === undefined) next++
    const until = next < tokens.length ? find(units, at + 1, tokenBytes[next]!) : units.length
    spans.push(...divide(units, at, until, next - i))
    at = until
    i = next
  }
  return spans
}

/** A byte of the normalized text, and the span of its source character. */
interface Unit {
  readonly byte: number
  readonly from: number
  readonly to: number
  readonly space: boolean
}

const utf8 = new TextEncoder()

const unitsOf = (text: string, normalize: (text: string) => string): ReadonlyArray<Unit> => {
  const units: Array<Unit> = []
  let from = 0
  for (const character of text.toWellFormed()) {
    const to = from + character.length
    const space = /^\s$/.test(character)
    const normal = space ? character : normalize(character).replaceAll("\u2581", " ").trim()
    for (const byte of utf8.encode(normal)) units.push({ byte, from, to, space })
    from = to
  }
  return units
}

/** Matches the bytes of a token from an index on, ignoring spaces that only one of both has. Returns the end index, or undefined if they do not match. */
const match = (units: ReadonlyArray<Unit>, from: number, bytes: ReadonlyArray<number>): number | undefined => {
  let at = from
  for (const byte of bytes) {
    while (units[at]?.space === true && units[at]!.byte !== byte) at++
    if (units[at]?.byte === byte) at++
    else if (byte !== 0x20) return undefined
  }
  return at
}

/** Returns the next index at which a token matches, or the length. */
const find = (units: ReadonlyArray<Unit>, from: number, bytes: ReadonlyArray<number>): number => {
  for (let at = from; at < units.length; at++) {
    const isStart = units[at]!.from !== units[at - 1]?.from && (units[at]!.space || bytes[0] !== 0x20)
    if (isStart && match(units, at, bytes) !== undefined) return at
  }
  return units.length
}

const spanOf = (units: ReadonlyArray<Unit>, from: number, to: number): Span => {
  const part = units.slice(from, to)
  const nonSpace = part.filter(({ space }) => !space)
  const covered = nonSpace.length > 0 ? nonSpace : part
  if (covered.length > 0) return [covered[0]!.from, covered.at(-1)!.to]
  const offset = units[from - 1]?.to ?? 0
  return [offset, offset]
}

/** Divides a range among `count` tokens: a word each, or a character each if there are fewer words; the last token gets the rest. */
const divide = (units: ReadonlyArray<Unit>, from: number, to: number, count: number): ReadonlyArray<Span> => {
  const part = units.slice(from, to)
  const words = part.filter(({ space }, i) => !space && part[i - 1]?.space !== false).length
  const spans: Array<Span> = []
  let at = from
  for (let i = 0; i < count; i++) {
    while (at < to && units[at]!.space) at++
    const begin = units[at]?.from
    let end = at
    while (end < to && (i === count - 1 || (words < count ? units[end]!.from === begin : !units[end]!.space))) end++
    spans.push(spanOf(units, at, end))
    at = end
  }
  return spans
}
