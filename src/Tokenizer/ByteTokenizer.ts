/** Tokenizers that need neither a file nor training: of bytes and of characters. */
import { fromFiles } from "./HuggingFace.ts"
import type { Tokenizer } from "./Tokenizer.ts"
import * as TokenizerJson from "./TokenizerJson.ts"

export type { Special } from "./TokenizerJson.ts"

/**
 * Makes the tokenizer whose ids 0 to 255 are the bytes of UTF-8; special tokens follow from 256 on: by default `<bos>`, `<eos>` and `<pad>`.
 *
 * **Law**: text comes back exactly (test/property/Tokenizer.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.bytes()
 * assert.deepEqual(Tokenizer.encode(tokenizer, "é!").input_ids, [0xc3, 0xa9, 33])
 * assert.equal(tokenizer.vocabularySize, 259)
 * ```
 */
export const bytes = (options: { readonly special?: TokenizerJson.Special } = {}): Tokenizer =>
  fromFiles(
    TokenizerJson.files({
      model: TokenizerJson.bpe(TokenizerJson.numbered(TokenizerJson.byteAlphabet()), []),
      special: options.special ?? { bos: "<bos>", eos: "<eos>", pad: "<pad>" },
      preTokenizer: TokenizerJson.byteLevel,
      decoder: TokenizerJson.byteLevel
    })
  )

/**
 * Makes the tokenizer of the characters (code points) of these texts, numbered in the order of Unicode; special tokens follow, by default
 * `<bos>`, `<eos>`, `<unk>` and `<pad>`. A character that the texts lack becomes the `unk` token, or vanishes where there is none.
 *
 * **Law**: a text of these characters comes back exactly (test/property/Tokenizer.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.characters(["hello"])
 * assert.deepEqual(Tokenizer.encode(tokenizer, "hole?").input_ids, [1, 3, 2, 0, tokenizer.special.unk])
 * ```
 */
export const characters = (texts: Iterable<string>, options: { readonly special?: TokenizerJson.Special } = {}): Tokenizer => {
  const special = options.special ?? { bos: "<bos>", eos: "<eos>", unk: "<unk>", pad: "<pad>" }
  const seen = new Set<string>()
  for (const text of texts) for (const character of text.toWellFormed()) seen.add(character)
  const vocab = TokenizerJson.numbered(
    [...seen].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!).concat(TokenizerJson.tokensOf(special))
  )
  return fromFiles(
    TokenizerJson.files({ model: TokenizerJson.bpe(vocab, [], special.unk ?? null), special, decoder: { type: "Fuse" } })
  )
}
