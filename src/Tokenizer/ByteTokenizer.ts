/** Byte-level and character-level tokenizers, which need neither files nor training. */
import { fromFiles } from "./HuggingFace.ts"
import type { Tokenizer } from "./Tokenizer.ts"
import * as TokenizerFiles from "./TokenizerFiles.ts"

export type { Special } from "./TokenizerFiles.ts"

/**
 * Creates a byte-level tokenizer: ids 0 to 255 are UTF-8 bytes, special tokens start at 256 (default `<bos>`, `<eos>` and `<pad>`).
 *
 * **Law**: decoding an encoded text gives the same text (test/property/Tokenizer.test.ts).
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
export const bytes = (options: { readonly special?: TokenizerFiles.Special } = {}): Tokenizer =>
  fromFiles(
    TokenizerFiles.files({
      model: TokenizerFiles.bpe(TokenizerFiles.numbered(TokenizerFiles.byteAlphabet()), []),
      special: options.special ?? { bos: "<bos>", eos: "<eos>", pad: "<pad>" },
      preTokenizer: TokenizerFiles.byteLevel,
      decoder: TokenizerFiles.byteLevel
    })
  )

/**
 * Creates a character-level tokenizer whose vocabulary is the code points of these texts, in Unicode order, followed by the special tokens
 * (default `<bos>`, `<eos>`, `<unk>` and `<pad>`). Other characters become the `unk` token, or are dropped if there is none.
 *
 * **Law**: decoding an encoded text of these characters gives the same text (test/property/Tokenizer.test.ts).
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
export const characters = (texts: Iterable<string>, options: { readonly special?: TokenizerFiles.Special } = {}): Tokenizer => {
  const special = options.special ?? { bos: "<bos>", eos: "<eos>", unk: "<unk>", pad: "<pad>" }
  const seen = new Set<string>()
  for (const text of texts) for (const character of text.toWellFormed()) seen.add(character)
  const vocab = TokenizerFiles.numbered(
    [...seen].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!).concat(TokenizerFiles.tokensOf(special))
  )
  return fromFiles(
    TokenizerFiles.files({ model: TokenizerFiles.bpe(vocab, [], special.unk ?? null), special, decoder: { type: "Fuse" } })
  )
}
