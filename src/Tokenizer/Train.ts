/** Trains tokenizers on texts. What comes out depends on the texts and the options alone. */
import { VocabularyTooSmall } from "./Errors.ts"
import { fromFiles } from "./HuggingFace.ts"
import * as Library from "./Library.ts"
import * as Merges from "./Merges.ts"
import type { Tokenizer } from "./Tokenizer.ts"
import * as TokenizerJson from "./TokenizerJson.ts"

export interface Training {
  /** The most tokens, special ones among them. There are fewer where the texts have no more that occur often enough. */
  readonly vocabularySize: number
  /** Neighbours that occur less often than this stay apart. Default 2. */
  readonly minFrequency?: number
  /** They get the first ids. */
  readonly special?: TokenizerJson.Special
}

/**
 * Trains byte-pair encoding on bytes, as GPT-2 has it: every text can be written, and comes back exactly. Special tokens are by default
 * `<bos>`, `<eos>` and `<pad>`.
 *
 * **Errors**: throws `VocabularyTooSmall` for fewer tokens than there are bytes and special tokens.
 * **Source**: `BpeTrainer`: the same texts give the same merges and ids (test/golden-own/tokenizers.test.ts).
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
  const words = countWords(texts, Library.splitter({ pre_tokenizer: TokenizerJson.byteLevel }))
  const { tokens, merges } = learn(words, special, TokenizerJson.byteAlphabet(), "", options)
  return fromFiles(
    TokenizerJson.files({
      model: TokenizerJson.bpe(TokenizerJson.numbered(tokens), merges),
      special,
      preTokenizer: TokenizerJson.byteLevel,
      decoder: TokenizerJson.byteLevel
    })
  )
}

/**
 * Trains WordPiece, as BERT has it, with `[CLS]` and `[SEP]` around texts. Special tokens are by default those of BERT.
 *
 * **Errors**: throws `VocabularyTooSmall` for fewer tokens than there are characters, at and after the beginning of words, and special tokens.
 * **Source**: `WordPieceTrainer`: the same merges for the same texts. Its ids differ from run to run; here they do not.
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
    /** Makes text lower case, and takes accents away. Default true. */
    readonly lowercase?: boolean
  }
): Tokenizer => {
  const special = { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]", ...options.special }
  const lowercase = options.lowercase ?? true
  const normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase }
  const preTokenizer = { type: "BertPreTokenizer" }
  const words = countWords(texts, Library.splitter({ normalizer, pre_tokenizer: preTokenizer }))
  const { tokens } = learn(words, special, [], "##", options)
  const vocab = TokenizerJson.numbered(tokens)
  const added = (token: string, type_id: number) => ({ SpecialToken: { id: token, type_id } })
  const place = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } })
  const named = (token: string) => [token, { id: token, ids: [vocab[token]], tokens: [token] }]
  const single = [added(special.cls, 0), place("A", 0), added(special.sep, 0)]
  return fromFiles(
    TokenizerJson.files({
      model: { type: "WordPiece", unk_token: special.unk, continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
      special,
      normalizer,
      preTokenizer,
      postProcessor: {
        type: "TemplateProcessing",
        single,
        pair: [...single, place("B", 1), added(special.sep, 1)],
        special_tokens: Object.fromEntries([special.cls, special.sep].map(named))
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

const learn = (
  words: ReadonlyMap<string, number>,
  special: TokenizerJson.Special,
  alphabet: ReadonlyArray<string>,
  prefix: string,
  { vocabularySize, minFrequency = 2 }: Training
): Merges.Learned => {
  const characters = new Set(alphabet)
  const continuing = new Set<string>()
  for (const word of words.keys()) {
    for (const [at, character] of [...word].entries()) {
      characters.add(character)
      if (at > 0 && prefix !== "") continuing.add(character)
    }
  }
  const sorted = [...characters].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)
  const tokens = [...new Set([...TokenizerJson.tokensOf(special), ...sorted])]
  const needed = tokens.length + continuing.size
  if (!(vocabularySize >= needed)) throw new VocabularyTooSmall({ vocabularySize, needed })
  return Merges.learn({ words, tokens, size: vocabularySize, minFrequency, prefix })
}
