/** Writes the files of a tokenizer in the format of transformers and its tokenizers library. */
import { type Files, type Role, roles } from "./Tokenizer.ts"

/** Special tokens by role; one token may have several roles. */
export type Special = Readonly<{ [role in Role]?: string }>

export interface Parts {
  readonly model: Readonly<Record<string, unknown>> & { readonly vocab: Readonly<Record<string, number>> }
  readonly special: Special
  readonly normalizer?: object
  readonly preTokenizer?: object
  readonly postProcessor?: object
  readonly decoder: object
  /** Whether its models take `token_type_ids`. Default false. */
  readonly typeIds?: boolean
}

/** Returns the distinct special tokens, in order. */
export const tokensOf = (special: Special): ReadonlyArray<string> => [...new Set(Object.values(special))]

/** Assigns ids to distinct tokens, from 0 on. */
export const numbered = (tokens: Iterable<string>): Record<string, number> =>
  Object.fromEntries(Array.from(new Set(tokens), (token, id) => [token, id]))

/** Returns the contents of the files. Special tokens that are not in the vocabulary get the ids after it. */
export const files = ({ model, special, normalizer, preTokenizer, postProcessor, decoder, typeIds = false }: Parts): Files => {
  const { vocab } = model
  const newTokens = tokensOf(special).filter((token) => !Object.hasOwn(vocab, token))
  const size = Object.keys(vocab).length
  const idOf = (token: string) => vocab[token] ?? size + newTokens.indexOf(token)
  const added = tokensOf(special)
    .map((content) => ({ id: idOf(content), content, ...exactMatch, special: true }))
    .sort((a, b) => a.id - b.id)
  const named = Object.fromEntries(
    roles.flatMap((role) => (special[role] === undefined ? [] : [[`${role}_token`, special[role]]]))
  )
  return {
    "tokenizer.json": toJson({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: normalizer ?? null,
      pre_tokenizer: preTokenizer ?? null,
      post_processor: postProcessor ?? null,
      decoder,
      model
    }),
    "tokenizer_config.json": toJson({
      ...named,
      clean_up_tokenization_spaces: false,
      model_input_names: ["input_ids", ...(typeIds ? ["token_type_ids"] : []), "attention_mask"],
      tokenizer_class: "PreTrainedTokenizerFast"
    }),
    "special_tokens_map.json": toJson(named)
  }
}

/** Returns the `model` of byte-pair encoding. */
export const bpe = (
  vocab: Record<string, number>,
  merges: ReadonlyArray<readonly [string, string]>,
  unk: string | null = null
) => ({
  type: "BPE",
  dropout: null,
  unk_token: unk,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  vocab,
  merges
})

/** The `ByteLevel` pre-tokenizer and decoder, which map each byte of UTF-8 to a character of `byteAlphabet`. */
export const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }

/** Returns the character of each byte from 0 to 255: itself if printable, else a character from U+0100 on. **Source**: GPT-2's `bytes_to_unicode`. */
export const byteAlphabet = (): ReadonlyArray<string> => {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++))
}

const isVisible = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)

const exactMatch = { single_word: false, lstrip: false, rstrip: false, normalized: false }

const toJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
