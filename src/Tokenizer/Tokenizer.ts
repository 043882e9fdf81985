/** Tokenizers: encode text to ids and decode ids to text. **Unit**: lengths are in tokens. */
import { EncodeError, UnknownId } from "./Errors.ts"
import type { Span } from "./OffsetMapping.ts"
import * as PostProcessor from "./PostProcessor.ts"

/** The roles of special tokens: the keys of tokenizer_config.json without `_token`. */
export const roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const
export type Role = (typeof roles)[number]

export type Side = "right" | "left"

/** The contents of a tokenizer's files, by file name. */
export type Files = Readonly<{ [name: string]: string }>

export interface Tokenizer {
  /** The number of tokens, including special ones: the rows of the embedding. Ids are below it. */
  readonly vocabularySize: number
  /** The ids of the special tokens, by role. */
  readonly special: Readonly<{ [role in Role]?: number }>
  /** All ids that `skipSpecialTokens` drops. */
  readonly specialIds: ReadonlySet<number>
  /** Adds special tokens and type ids to a text or a pair of texts. */
  readonly postProcessor: PostProcessor.PostProcessor
  readonly paddingSide: Side
  readonly truncationSide: Side
  /** The maximum input length of its model (`model_max_length`), if known. */
  readonly maxLength: number | undefined
  /** Whether its model takes `token_type_ids`. */
  readonly typeIds: boolean
  /** The Jinja chat templates, by name. */
  readonly chatTemplates: Readonly<{ [name: string]: string }>
  /** Encodes a text without special tokens. */
  readonly toIds: (text: string) => ReadonlyArray<number>
  /** Returns the span of each id in a text, without leading whitespace. **Unit**: UTF-16 code units. */
  readonly spansOf: (text: string) => ReadonlyArray<Span>
  /** Decodes ids, all of which are in the vocabulary. */
  readonly toText: (ids: ReadonlyArray<number>) => string
  readonly idOf: (token: string) => number | undefined
  readonly tokenOf: (id: number) => string | undefined
  /** The files that `save` writes. */
  readonly files: Files
}

/** A text or a pair of texts; a pair with an empty second text is still a pair. */
export type Text = string | readonly [first: string, second: string]

export type Truncation = "longest_first" | "only_first" | "only_second"

export interface Options {
  /** Adds special tokens (`add_special_tokens`). Default true. */
  readonly specialTokens?: boolean
  /** The strategy that truncates to `maxLength`; true is "longest_first". Default: no truncation. */
  readonly truncation?: Truncation | boolean
  /** The maximum length, including special tokens. Default: the tokenizer's. */
  readonly maxLength?: number
  /** Returns `token_type_ids`. Default: whether the model takes them. */
  readonly typeIds?: boolean
  /** Returns `special_tokens_mask`: 1 for added special tokens. Default false. */
  readonly specialMask?: boolean
}

/** The padding strategies of transformers. */
export type Padding = boolean | "longest" | "max_length" | "do_not_pad"

export interface BatchOptions extends Options {
  /** Pads to the longest of the batch (`true` is "longest"), or to `maxLength`. Default: no padding. */
  readonly padding?: Padding
  /** Rounds the padded length up to a multiple. */
  readonly multipleOf?: number
}

/** An encoded text, in the columns that collators and models take. */
export type Encoding = {
  readonly input_ids: ReadonlyArray<number>
  readonly attention_mask: ReadonlyArray<number>
  readonly token_type_ids?: ReadonlyArray<number>
  readonly special_tokens_mask?: ReadonlyArray<number>
}

/**
 * Encodes a text or a pair of texts. Pure: use it in `Dataset.map`.
 *
 * **Errors**: throws `EncodeError` if the text cannot be truncated to the length.
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
  const items = texts.length === 1 ? self.postProcessor.single : self.postProcessor.pair
  const template = specialTokens ? items : items.filter((item) => "text" in item)
  const { ids, types, special } = PostProcessor.apply(
    template,
    truncate(self, texts, PostProcessor.addedTokens(template), options)
  )
  return {
    input_ids: ids,
    ...(typeIds && { token_type_ids: types }),
    attention_mask: ids.map(() => 1),
    ...(specialMask && { special_tokens_mask: special })
  }
}

/**
 * Encodes several texts, with optional padding to one length.
 *
 * **Errors**: throws `EncodeError` as `encode`, and if there is no pad token or no length to pad to.
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
      reason: 'There is no length to pad to: the tokenizer has no model_max_length. Give maxLength, or use padding "longest".'
    })
  const longest = rows.reduce((length, row) => Math.max(length, row.input_ids.length), 0)
  const target = padding === "max_length" ? Math.max(maxLength!, longest) : longest
  return rows.map((row) => pad(self, row, Math.ceil(target / multipleOf) * multipleOf))
}

export interface DecodeOptions {
  /** Drops the special tokens. Default false. */
  readonly skipSpecialTokens?: boolean
}

/**
 * Decodes ids to text.
 *
 * **Errors**: throws `UnknownId` for an id outside the vocabulary, which transformers drops or fails on.
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
  const visible = skipSpecialTokens ? all.filter((id) => !self.specialIds.has(id)) : all
  return visible.length === 0 ? "" : self.toText(visible)
}

/** Returns the id of the special token with a role. **Errors**: throws `EncodeError` if the tokenizer has none. */
export const specialId = (self: Tokenizer, role: Role): number => {
  const id = self.special[role]
  if (id === undefined)
    throw new EncodeError({
      reason: `The tokenizer has no ${role} token. Name one of its tokens as ${role}_token in tokenizer_config.json.`
    })
  return id
}

/** Truncates the texts so that with `added` special tokens they are no longer than `maxLength`. */
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
  const strategy = truncation === true ? "longest_first" : truncation
  const lengths =
    strategy === "longest_first" ? longestFirst(sizes, room) : onlyOne(sizes, strategy === "only_first" ? 0 : 1, excess)
  if (lengths.some((size) => size < 0))
    throw new EncodeError({
      reason: `A text of ${sizes.join(" and ")} tokens, plus ${added} special tokens, cannot be truncated to ${maxLength} by ${strategy}: increase maxLength.`
    })
  return texts.map((ids, i) => (self.truncationSide === "right" ? ids.slice(0, lengths[i]) : ids.slice(sizes[i]! - lengths[i]!)))
}

/** Returns the truncated lengths: tokens are removed from the longer text until both are equal, then from both. */
const longestFirst = ([first, second]: ReadonlyArray<number>, room: number): ReadonlyArray<number> => {
  if (second === undefined) return [room]
  const [short, long] = [Math.min(first!, second), Math.max(first!, second)]
  const rest = short > room ? short : Math.max(short, room - short)
  const half = Math.floor(room / 2)
  const [less, more] = short + rest > room ? [half, half + (room % 2)] : [short, Math.min(rest, long)]
  return first! > second ? [more, less] : [less, more]
}

/** Returns the lengths with all excess removed from one text; negative if it is too short. */
const onlyOne = (sizes: ReadonlyArray<number>, which: 0 | 1, excess: number): ReadonlyArray<number> =>
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
