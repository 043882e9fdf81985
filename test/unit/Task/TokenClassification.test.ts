import { describe, expect, it } from "vitest"
import { align } from "../../../src/Task/TokenClassification.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"

const texts = ["Ann lives in Oslo", "unbelievable Anna"]
const pieces = Tokenizer.trainWordPiece(texts, { vocabularySize: 60, minFrequency: 9 })
const byteLevel = Tokenizer.trainBpe(
  texts.map((text) => ` ${text}`),
  { vocabularySize: 270, minFrequency: 1 }
)

/** The labels beside the tokens. */
const labelled = (tokenizer: Tokenizer.Tokenizer, words: ReadonlyArray<string>, length = Infinity, all = false) => {
  const { input_ids, labels } = align(tokenizer, words, length, (word, part) => (part === 0 || all ? word : -100))
  return input_ids.map((id, at) => [tokenizer.tokenOf(id), labels[at]])
}

describe("labels of words", () => {
  it("stand at the first token of each, and not at those around the text", () => {
    const rows = labelled(pieces, ["Ann", "in", "Oslo"])
    expect([rows[0], rows.at(-1)]).toEqual([
      ["[CLS]", -100],
      ["[SEP]", -100]
    ])
    const starts = rows.filter(([, label]) => label !== -100)
    expect(starts.map(([token]) => token)).toEqual(["a", "i", "o"])
    expect(starts.map(([, label]) => label)).toEqual([0, 1, 2])
  })

  it("stand at all tokens of a word where asked to", () => {
    const rows = labelled(pieces, ["Ann", "in"], Infinity, true)
    expect(rows.map(([, label]) => label)).toEqual([-100, 0, 0, 0, 1, 1, -100])
  })

  it("are cut with the text, and the end stays", () => {
    const rows = labelled(pieces, ["Ann", "in", "Oslo"], 6)
    expect(rows.map(([token]) => token)).toEqual(["[CLS]", "a", "##n", "##n", "i", "[SEP]"])
    expect(rows.map(([, label]) => label)).toEqual([-100, 0, -100, -100, 1, -100])
  })

  it("a word within a text begins with its space in GPT-2's way", () => {
    const { input_ids } = align(byteLevel, ["Ann", "lives"], Infinity, (word) => word)
    expect(Tokenizer.decode(byteLevel, input_ids)).toBe(" Ann lives")
    expect(input_ids).toEqual(byteLevel.toIds(" Ann lives"))
  })

  it("a word that is no token has no label", () => {
    expect(labelled(pieces, ["Ann", "", "in"], Infinity, true).map(([, label]) => label)).toEqual([-100, 0, 0, 0, 2, 2, -100])
  })
})
