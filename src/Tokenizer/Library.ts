/** The only importer of @huggingface/tokenizers, with the types used here: its own do not resolve with Node's module resolution. */
import * as tokenizers from "@huggingface/tokenizers"

export interface Library {
  readonly encode: (text: string, options: { readonly add_special_tokens: boolean }) => { readonly ids: ReadonlyArray<number> }
  readonly decode: (ids: Array<number>, options: { readonly clean_up_tokenization_spaces: boolean }) => string
  readonly token_to_id: (token: string) => number | undefined
  readonly id_to_token: (id: number) => string | undefined
  readonly model: { readonly vocab: ReadonlyArray<string> }
  readonly normalizer: ((text: string) => string) | null
  readonly pre_tokenizer: ((text: string) => ReadonlyArray<string>) | null
}

/** Creates a tokenizer. Throws an `Error` for a component that is not supported. */
export const open = (json: object, config: object): Library => {
  const { Tokenizer } = tokenizers as unknown as { readonly Tokenizer: new (json: object, config: object) => Library }
  return new Tokenizer({ normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...json }, config)
}

/** Returns the function that normalizes a text and splits it into words. */
export const splitter = (parts: { readonly normalizer?: object; readonly pre_tokenizer: object }) => {
  const { normalizer, pre_tokenizer } = open({ ...parts, model: { type: "BPE", vocab: {}, merges: [] }, added_tokens: [] }, {})
  return (text: string): ReadonlyArray<string> => pre_tokenizer!(normalizer === null ? text : normalizer(text))
}
