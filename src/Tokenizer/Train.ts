/** Trains tokenizers on texts, deterministically. */
import { VocabularyTooSmall } from "./Errors.ts"
import { fromFiles } from "./HuggingFace.ts"
import * as Library from "./Library.ts"
import * as MergeTraining from "./MergeTraining.ts"
import type { Tokenizer } from "./Tokenizer.ts"
import * as TokenizerFiles from "./TokenizerFiles.ts"

export interface Training {
  /** The maximum size of the vocabulary, including special tokens. It is smaller if no further pair reaches `minFrequency`. */
  readonly vocabularySize: number
  /** Pairs that occur less often than this are not merged. Default 2. */
  readonly minFrequency?: number
  /** The special tokens, which get the first ids. */
  readonly special?: TokenizerFiles.Special
}

/**
 * Trains byte-level byte-pair encoding, as GPT-2 uses: every text can be encoded and decoded losslessly. Default special tokens: `<bos>`,
 * `<eos>` and `<pad>`.
 *
 * **Errors**: throws `VocabularyTooSmall` for fewer tokens than bytes and special tokens.
 * **Source**: `BpeTrainer`, with the same merges and ids (test/golden-own/tokenizers.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.trainBpe(["low lower lowest", "slow slower"], { vocabularySize: 262 })
 * assert.equal(Tokenizer.encode(tokenizer, "low").input_ids.length, 1)
 * ```
 */
export const trainBpe = (texts: Iterable<string>, options: Training): Tokenizer => {
  const special = options.special ?? { bos: "<bos>", eos: "<eos>", pad: "<pad>" }
  const words = countWords(texts, Library.splitter({ pre_tokenizer: TokenizerFiles.byteLevel }))
  const { tokens, merges } = train(words, special, TokenizerFiles.byteAlphabet(), "", options)
  return fromFiles(
    TokenizerFiles.files({
      model: TokenizerFiles.bpe(TokenizerFiles.numbered(tokens), merges),
      special,
      preTokenizer: TokenizerFiles.byteLevel,
      decoder: TokenizerFiles.byteLevel
    })
  )
}

/**
 * Trains WordPiece, as BERT uses, with `[CLS]` and `[SEP]` around texts. Default special tokens: those of BERT.
 *
 * **Errors**: throws `VocabularyTooSmall` for fewer tokens than initial characters, `##` characters and special tokens.
 * **Source**: `WordPieceTrainer`, with the same merges. Its ids differ between runs; these do not.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.trainWordPiece(["Low lower lowest", "slow slower"], { vocabularySize: 40 })
 * assert.equal(Tokenizer.decode(tokenizer, Tokenizer.encode(tokenizer, "LOW").input_ids), "[CLS] low [SEP]")
 * ```
 */
export const trainWordPiece = (
  texts: Iterable<string>,
  options: Training & {
    /** Lowercases text and strips accents. Default true. */
    readonly lowercase?: boolean
  }
): Tokenizer => {
  const special = { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]", ...options.special }
  const lowercase = options.lowercase ?? true
  const normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase }
  const preTokenizer = { type: "BertPreTokenizer" }
  const words = countWords(texts, Library.splitter({ normalizer, pre_tokenizer: preTokenizer }))
  const { tokens } = train(words, special, [], "##", options)
  const vocab = TokenizerFiles.numbered(tokens)
  const specialToken = (token: string, type_id: number) => ({ SpecialToken: { id: token, type_id } })
  const sequence = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } })
  const specialEntry = (token: string) => [token, { id: token, ids: [vocab[token]], tokens: [token] }]
  const single = [specialToken(special.cls, 0), sequence("A", 0), specialToken(special.sep, 0)]
  return fromFiles(
    TokenizerFiles.files({
      model: { type: "WordPiece", unk_token: special.unk, continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
      special,
      normalizer,
      preTokenizer,
      postProcessor: {
        type: "TemplateProcessing",
        single,
        pair: [...single, sequence("B", 1), specialToken(special.sep, 1)],
        special_tokens: Object.fromEntries([special.cls, special.sep].map(specialEntry))
      },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
      typeIds: true
    })
  )
}

const countWords = (texts: Iterable<string>, split: (text: string) => ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const words = new Map<string, number>()
  for (const text of texts) for (const word of split(text.toWellFormed())) words.set(word, (words.get(word) ?? 0) + 1)
  return words
}

const train = (
  words: ReadonlyMap<string, number>,
  special: TokenizerFiles.Special,
  alphabet: ReadonlyArray<string>,
  prefix: string,
  { vocabularySize, minFrequency = 2 }: Training
): MergeTraining.Vocabulary => {
  const characters = new Set(alphabet)
  const continuing = new Set<string>()
  for (const word of words.keys()) {
    for (const [at, character] of [...word].entries()) {
      characters.add(character)
      if (at > 0 && prefix !== "") continuing.add(character)
    }
  }
  const sorted = [...characters].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)
  const tokens = [...new Set([...TokenizerFiles.tokensOf(special), ...sorted])]
  const needed = tokens.length + continuing.size
  if (!(vocabularySize >= needed)) throw new VocabularyTooSmall({ vocabularySize, needed })
  return MergeTraining.train({ words, tokens, vocabularySize, minFrequency, prefix })
}
