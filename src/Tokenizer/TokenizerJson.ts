/** The files of a tokenizer that is made here, as transformers and its tokenizers library read them. */
import { type Files, type Role, roles } from "./Tokenizer.ts"

/** Special tokens by the part they play; one token may play several. */
export type Special = Readonly<{ [role in Role]?: string }>

export interface Parts {
  readonly model: Readonly<Record<string, unknown>> & { readonly vocab: Readonly<Record<string, number>> }
  readonly special: Special
  readonly normalizer?: object
  readonly preTokenizer?: object
  readonly postProcessor?: object
  readonly decoder: object
  /** Whether its models read `token_type_ids`. Default false. */
  readonly typeIds?: boolean
}

/** The tokens that play a part, each once, in the order that they are given in. */
export const tokensOf = (special: Special): ReadonlyArray<string> => [...new Set(Object.values(special))]

/** Numbers tokens from 0 on. The special ones that the vocabulary lacks come after it. */
export const numbered = (tokens: Iterable<string>): Record<string, number> =>
  Object.fromEntries(Array.from(new Set(tokens), (token, id) => [token, id]))

/** Writes the files. What they hold depends on the parts alone. */
export const files = ({ model, special, normalizer, preTokenizer, postProcessor, decoder, typeIds = false }: Parts): Files => {
  const known = model.vocab
  const fresh = tokensOf(special).filter((token) => !Object.hasOwn(known, token))
  const size = Object.keys(known).length
  const idOf = (token: string) => known[token] ?? size + fresh.indexOf(token)
  const added = tokensOf(special)
    .map((content) => ({ id: idOf(content), content, ...plain, special: true }))
    .sort((a, b) => a.id - b.id)
  const named = Object.fromEntries(
    roles.flatMap((role) => (special[role] === undefined ? [] : [[`${role}_token`, special[role]]]))
  )
  return {
    "tokenizer.json": written({
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
    "tokenizer_config.json": written({
      ...named,
      clean_up_tokenization_spaces: false,
      model_input_names: ["input_ids", ...(typeIds ? ["token_type_ids"] : []), "attention_mask"],
      tokenizer_class: "PreTrainedTokenizerFast"
    }),
    "special_tokens_map.json": written(named)
  }
}

/** The `model` of byte-pair encoding. */
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

/** The part `ByteLevel`, which writes each byte of UTF-8 as one character of `byteAlphabet`. */
export const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }

/** What stands for each byte, from 0 to 255: itself where it can be seen, and a character from U+0100 on where not. **Source**: GPT-2. */
export const byteAlphabet = (): ReadonlyArray<string> => {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++))
}

const isVisible = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)

const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false }

const written = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
