import { describe, expect, it } from "vitest"
import { align } from "../../../src/Task/TokenClassification.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"

const texts = ["Ann lives in Oslo", "unbelievable Anna"]
const pieces = Tokenizer.trainWordPiece(texts, { vocabularySize: 60, minFrequency: 9 })
const byteLevel = Tokenizer.trainBpe(
  texts.map((text) => ` ${text}`),
  { vocabularySize: 270, minFrequency: 1 }
)

/** The tokens with their labels. */
const labelled = (tokenizer: Tokenizer.Tokenizer, words: ReadonlyArray<string>, length = Infinity, all = false) => {
  const { input_ids, labels } = align(tokenizer, words, length, (word, part) => (part === 0 || all ? word : -100))
  return input_ids.map((id, at) => [tokenizer.tokenOf(id), labels[at]])
}

describe("align", () => {
  it("labels the first token of each word, and no special tokens", () => {
    const rows = labelled(pieces, ["Ann", "in", "Oslo"])
    expect([rows[0], rows.at(-1)]).toEqual([
      ["[CLS]", -100],
      ["[SEP]", -100]
    ])
    const starts = rows.filter(([, label]) => label !== -100)
    expect(starts.map(([token]) => token)).toEqual(["a", "i", "o"])
    expect(starts.map(([, label]) => label)).toEqual([0, 1, 2])
  })

  it("labels all tokens of a word with label_all_tokens", () => {
    const rows = labelled(pieces, ["Ann", "in"], Infinity, true)
    expect(rows.map(([, label]) => label)).toEqual([-100, 0, 0, 0, 1, 1, -100])
  })

  it("truncates labels with the text, and keeps the closing special token", () => {
    const rows = labelled(pieces, ["Ann", "in", "Oslo"], 6)
    expect(rows.map(([token]) => token)).toEqual(["[CLS]", "a", "##n", "##n", "i", "[SEP]"])
    expect(rows.map(([, label]) => label)).toEqual([-100, 0, -100, -100, 1, -100])
  })

  it("encodes a word with its leading space for byte-level tokenizers", () => {
    const { input_ids } = align(byteLevel, ["Ann", "lives"], Infinity, (word) => word)
    expect(Tokenizer.decode(byteLevel, input_ids)).toBe(" Ann lives")
    expect(input_ids).toEqual(byteLevel.toIds(" Ann lives"))
  })

  it("skips a word without tokens", () => {
    expect(labelled(pieces, ["Ann", "", "in"], Infinity, true).map(([, label]) => label)).toEqual([-100, 0, 0, 0, 2, 2, -100])
  })
})
