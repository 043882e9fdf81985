/** A tokenizer turns text into ids and back. **Unit**: lengths are in tokens. */
import { EncodeError, UnknownId } from "./Errors.ts"
import * as PostProcessor from "./PostProcessor.ts"
import type { Span } from "./Spans.ts"

/** The part that a token plays, as tokenizer_config.json names it without `_token`. */
export const roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const
export type Role = (typeof roles)[number]

export type Side = "right" | "left"

/** The content of the files that make a tokenizer, by name. */
export type Files = Readonly<{ [name: string]: string }>

export interface Tokenizer {
  /** Ids go from 0 to this, special ones among them: the rows that an embedding must have. */
  readonly vocabularySize: number
  /** The ids of the tokens that play a part. */
  readonly special: Readonly<{ [role in Role]?: number }>
  /** All ids that `skipSpecialTokens` leaves out. */
  readonly specialIds: ReadonlySet<number>
  readonly frame: PostProcessor.PostProcessor
  readonly paddingSide: Side
  readonly truncationSide: Side
  /** The most tokens that its model reads, where that is known. */
  readonly maxLength: number | undefined
  /** Whether its model reads `token_type_ids`. */
  readonly typeIds: boolean
  /** The Jinja templates of chats, by name. */
  readonly chatTemplates: Readonly<{ [name: string]: string }>
  /** The ids of a text, with nothing around it. */
  readonly toIds: (text: string) => ReadonlyArray<number>
  /** Where in a text each of its ids stands, without the space before it. **Unit**: UTF-16 code units. */
  readonly spansOf: (text: string) => ReadonlyArray<Span>
  /** The text of ids that are all in the vocabulary. */
  readonly toText: (ids: ReadonlyArray<number>) => string
  readonly idOf: (token: string) => number | undefined
  readonly tokenOf: (id: number) => string | undefined
  /** What `save` writes. */
  readonly files: Files
}

/** One text, or two that belong together; an empty second one is one. */
export type Text = string | readonly [first: string, second: string]

export type Truncation = "longest_first" | "only_first" | "only_second"

export interface Options {
  /** Puts the tokenizer's own tokens around the text. Default true. */
  readonly specialTokens?: boolean
  /** Cuts what is longer than `maxLength`, and where: true is "longest_first". Default: nothing is cut. */
  readonly truncation?: Truncation | boolean
  /** With the special tokens. Default: the tokenizer's own. */
  readonly maxLength?: number
  /** Gives `token_type_ids`. Default: whether the model reads them. */
  readonly typeIds?: boolean
  /** Gives `special_tokens_mask`: 1 where a token was added. Default false. */
  readonly specialMask?: boolean
}

/** The values of transformers. */
export type Padding = boolean | "longest" | "max_length" | "do_not_pad"

export interface BatchOptions extends Options {
  /** Pads to the longest of the batch (`true` is "longest"), or to `maxLength`. Default: no padding. */
  readonly padding?: Padding
  /** Rounds the padded length up to a multiple. */
  readonly multipleOf?: number
}

/** A row as collators and models read it. */
export type Encoding = {
  readonly input_ids: ReadonlyArray<number>
  readonly attention_mask: ReadonlyArray<number>
  readonly token_type_ids?: ReadonlyArray<number>
  readonly special_tokens_mask?: ReadonlyArray<number>
}

/**
 * Encodes a text or a pair of texts. Pure: use it in `Dataset.map`.
 *
 * **Errors**: throws `EncodeError` where the text cannot be cut to the length.
 * **Source**: `PreTrainedTokenizerFast.__call__` (test/golden-own/tokenizers.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const { input_ids } = Tokenizer.encode(Tokenizer.bytes(), "abc", { truncation: "longest_first", maxLength: 2 })
 * assert.deepEqual(input_ids, [97, 98])
 * ```
 */
export const encode = (self: Tokenizer, text: Text, options: Options = {}): Encoding => {
  const { specialTokens = true, typeIds = self.typeIds, specialMask = false } = options
  const texts = (typeof text === "string" ? [text] : text).map(self.toIds)
  const items = texts.length === 1 ? self.frame.one : self.frame.pair
  const around = specialTokens ? items : items.filter((item) => "text" in item)
  const { ids, types, special } = PostProcessor.apply(around, truncate(self, texts, PostProcessor.added(around), options))
  return {
    input_ids: ids,
    ...(typeIds && { token_type_ids: types }),
    attention_mask: ids.map(() => 1),
    ...(specialMask && { special_tokens_mask: special })
  }
}

/**
 * Encodes many texts, and pads them to one length where asked to.
 *
 * **Errors**: throws `EncodeError` as `encode` does, and where there is no token to pad with or no length to pad to.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const batch = Tokenizer.encodeBatch(Tokenizer.bytes(), ["ab", "c"], { padding: "longest" })
 * assert.deepEqual(batch.map((row) => row.attention_mask), [[1, 1], [1, 0]])
 * ```
 */
export const encodeBatch = (self: Tokenizer, texts: ReadonlyArray<Text>, options: BatchOptions = {}): ReadonlyArray<Encoding> => {
  const rows = texts.map((text) => encode(self, text, options))
  const { padding = false, multipleOf = 1, maxLength = self.maxLength } = options
  if (![true, false, "longest", "max_length", "do_not_pad"].includes(padding))
    throw new EncodeError({
      reason: `padding ${JSON.stringify(padding)} is not supported; use true or "longest", "max_length", or false or "do_not_pad".`
    })
  if (padding === false || padding === "do_not_pad") return rows
  if (padding === "max_length" && maxLength === undefined)
    throw new EncodeError({
      reason: "There is no length to pad to: the tokenizer names none. Give maxLength, or pad to the longest."
    })
  const longest = rows.reduce((length, row) => Math.max(length, row.input_ids.length), 0)
  const wanted = padding === "max_length" ? Math.max(maxLength!, longest) : longest
  return rows.map((row) => pad(self, row, Math.ceil(wanted / multipleOf) * multipleOf))
}

export interface DecodeOptions {
  /** Leaves out the special tokens. Default false. */
  readonly skipSpecialTokens?: boolean
}

/**
 * Decodes ids to text.
 *
 * **Errors**: throws `UnknownId` for an id that stands for no token, where transformers drops it or fails.
 * **Source**: `PreTrainedTokenizerFast.decode` (test/golden-own/tokenizers.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.bytes()
 * const ids = [104, 105, tokenizer.special.eos!]
 * assert.equal(Tokenizer.decode(tokenizer, ids), "hi<eos>")
 * assert.equal(Tokenizer.decode(tokenizer, ids, { skipSpecialTokens: true }), "hi")
 * ```
 */
export const decode = (self: Tokenizer, ids: ArrayLike<number>, { skipSpecialTokens = false }: DecodeOptions = {}): string => {
  const all = Array.from(ids)
  const unknown = all.find((id) => self.tokenOf(id) === undefined)
  if (unknown !== undefined) throw new UnknownId({ id: unknown, vocabularySize: self.vocabularySize })
  const kept = skipSpecialTokens ? all.filter((id) => !self.specialIds.has(id)) : all
  return kept.length === 0 ? "" : self.toText(kept)
}

/** The id that plays a part. **Errors**: throws `EncodeError` where the tokenizer has no such token. */
export const specialId = (self: Tokenizer, role: Role): number => {
  const id = self.special[role]
  if (id === undefined)
    throw new EncodeError({
      reason: `The tokenizer has no ${role} token. Name one of its tokens as ${role}_token in tokenizer_config.json.`
    })
  return id
}

/** Cuts the texts so that with `added` tokens more they are no longer than asked. */
const truncate = (
  self: Tokenizer,
  texts: ReadonlyArray<ReadonlyArray<number>>,
  added: number,
  { truncation, maxLength = self.maxLength }: Options
): ReadonlyArray<ReadonlyArray<number>> => {
  if (truncation === undefined || truncation === false || maxLength === undefined) return texts
  const room = maxLength - added
  const sizes = texts.map(({ length }) => length)
  const excess = sizes.reduce((sum, size) => sum + size, 0) - room
  if (excess <= 0) return texts
  const where = truncation === true ? "longest_first" : truncation
  const kept = where === "longest_first" ? longestFirst(sizes, room) : from(sizes, where === "only_first" ? 0 : 1, excess)
  if (kept.some((size) => size < 0))
    throw new EncodeError({
      reason: `A text of ${sizes.join(" and ")} tokens, and ${added} more around it, cannot be cut ${where} to ${maxLength}: ask for a longer maxLength.`
    })
  return texts.map((ids, i) => (self.truncationSide === "right" ? ids.slice(0, kept[i]) : ids.slice(sizes[i]! - kept[i]!)))
}

/** What remains of each: the longer text gives first, then both alike. */
const longestFirst = ([first, second]: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  if (second === undefined) return [room]
  const [short, long] = [Math.min(first!, second), Math.max(first!, second)]
  const rest = short > room ? short : Math.max(short, room - short)
  const half = Math.floor(room / 2)
  const [less, more] = short + rest > room ? [half, half + (room % 2)] : [short, Math.min(rest, long)]
  return first! > second ? [more, less] : [less, more]
}

/** What remains when one of them alone gives; less than nothing where it has not enough. */
const from = (sizes: ReadonlyArray<number>, which: 0 | 1, excess: number): ReadonlyArray<number> =>
  which >= sizes.length || sizes[which]! <= excess ? [-1] : sizes.map((size, i) => (i === which ? size - excess : size))

const pad = (self: Tokenizer, row: Encoding, length: number): Encoding => {
  const padded = (values: ReadonlyArray<number>, value: number) => {
    const fill = new Array<number>(length - values.length).fill(value)
    return self.paddingSide === "right" ? [...values, ...fill] : [...fill, ...values]
  }
  return {
    input_ids: padded(row.input_ids, specialId(self, "pad")),
    ...(row.token_type_ids && { token_type_ids: padded(row.token_type_ids, 0) }),
    attention_mask: padded(row.attention_mask, 0),
    ...(row.special_tokens_mask && { special_tokens_mask: padded(row.special_tokens_mask, 1) })
  }
}
