/** Where tokens stand in their text. **Unit**: UTF-16 code units. */

/** From a place up to another, which is left out. */
export type Span = readonly [from: number, to: number]

export interface Options {
  /** What the tokenizer makes of text before it cuts it. */
  readonly normalize: (text: string) => string
  /** The bytes that a token writes; undefined for one that stands for text that is not known. */
  readonly bytesOf: (token: string) => ReadonlyArray<number> | undefined
}

/**
 * Finds the text of each token, without the space before it, by reading tokens and text side by side. Tokens for text that is not known take the words up to
 * the next token that is found; one that stands for nothing in the text has an empty span.
 *
 * **Law**: spans do not go back; without unknown tokens all of a text that is no space is in one (test/property/Tokenizer.test.ts).
 */
export const align = (text: string, tokens: ReadonlyArray<string>, { normalize, bytesOf }: Options): ReadonlyArray<Span> => {
  const units = unitsOf(text, normalize)
  const written = tokens.map(bytesOf)
  const spans: Array<Span> = []
  let at = 0
  for (let i = 0; i < tokens.length; ) {
    const end = written[i] === undefined ? undefined : read(units, at, written[i]!)
    if (end !== undefined) {
      spans.push(spanOf(units, at, end))
      at = end
      i++
      continue
    }
    let next = i + 1
    while (next < tokens.length && written[next] === undefined) next++
    const until = next < tokens.length ? find(units, at + 1, written[next]!) : units.length
    spans.push(...shared(units, at, until, next - i))
    at = until
    i = next
  }
  return spans
}

/** A byte of the normalized text, and the character that it comes from. */
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

/** Reads the bytes of a token from a place on, over spaces that one of both lacks. Gives the place behind it, undefined where the text goes on differently. */
const read = (units: ReadonlyArray<Unit>, from: number, bytes: ReadonlyArray<number>): number | undefined => {
  let at = from
  for (const byte of bytes) {
    while (units[at]?.space === true && units[at]!.byte !== byte) at++
    if (units[at]?.byte === byte) at++
    else if (byte !== 0x20) return undefined
  }
  return at
}

/** The next character that a token can begin with. */
const find = (units: ReadonlyArray<Unit>, from: number, bytes: ReadonlyArray<number>): number => {
  for (let at = from; at < units.length; at++) {
    const begins = units[at]!.from !== units[at - 1]?.from && (units[at]!.space || bytes[0] !== 0x20)
    if (begins && read(units, at, bytes) !== undefined) return at
  }
  return units.length
}

const spanOf = (units: ReadonlyArray<Unit>, from: number, to: number): Span => {
  const part = units.slice(from, to)
  const solid = part.filter(({ space }) => !space)
  const kept = solid.length > 0 ? solid : part
  if (kept.length > 0) return [kept[0]!.from, kept.at(-1)!.to]
  const place = units[from - 1]?.to ?? 0
  return [place, place]
}

/** Gives each of so many tokens a word, or a character where there are fewer words, and the last what is left. */
const shared = (units: ReadonlyArray<Unit>, from: number, to: number, count: number): ReadonlyArray<Span> => {
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
