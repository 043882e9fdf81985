import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import fc from "fast-check"
import { afterAll, expect, test } from "vitest"
import * as Tokenizer from "../../src/Tokenizer/Tokenizers.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-tokenizers-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** Text that is hard on tokenizers: blanks of all kinds, marks that join, what looks like a special token. */
const unit = fc.constantFrom(
  " ",
  "  ",
  "\n",
  "\t",
  "a",
  "B",
  "ab",
  "é",
  "e\u0301",
  "漢",
  "🙂",
  "\u200d",
  "\ufeff",
  "'s",
  "1",
  "<eos>",
  "<e",
  "Ġ",
  ""
)
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(unit).map((parts) => parts.join(""))
)
const texts = fc.array(text, { minLength: 1, maxLength: 6 })

const bytes = Tokenizer.bytes()

test("bytes: text comes back exactly, and ids are the bytes of UTF-8", () =>
  fc.assert(
    fc.property(text, (text) => {
      const { input_ids } = Tokenizer.encode(bytes, text)
      expect(Tokenizer.decode(bytes, input_ids)).toBe(text)
      const plain = text.replaceAll("<eos>", "")
      if (plain.includes("<eos>")) return
      expect(Tokenizer.encode(bytes, plain).input_ids).toEqual([...new TextEncoder().encode(plain)])
    }),
    { numRuns: 500 }
  ))

test("characters: a text of them comes back exactly", () =>
  fc.assert(
    fc.property(texts, (texts) => {
      const tokenizer = Tokenizer.characters(texts)
      for (const text of texts) expect(Tokenizer.decode(tokenizer, Tokenizer.encode(tokenizer, text).input_ids)).toBe(text)
    })
  ))

const training = fc.record({ vocabularySize: fc.integer({ min: 259, max: 300 }), minFrequency: fc.integer({ min: 0, max: 3 }) })

test("byte-pair encoding: any text comes back exactly, whatever it was trained on", () =>
  fc.assert(
    fc.property(texts, text, training, (texts, text, options) => {
      const tokenizer = Tokenizer.trainBpe(texts, options)
      expect(tokenizer.vocabularySize).toBeLessThanOrEqual(options.vocabularySize)
      expect(Tokenizer.decode(tokenizer, Tokenizer.encode(tokenizer, text).input_ids)).toBe(text)
    }),
    { numRuns: 50 }
  ))

test("byte-pair encoding: the order of the texts decides nothing", () =>
  fc.assert(
    fc.property(texts, training, (texts, options) => {
      expect(Tokenizer.trainBpe(texts.toReversed(), options).files).toEqual(Tokenizer.trainBpe(texts, options).files)
    }),
    { numRuns: 50 }
  ))

test("word pieces: the same texts give the same files, and no word of theirs is unknown", () =>
  fc.assert(
    fc.property(texts, (texts) => {
      const options = { vocabularySize: 2000 }
      const tokenizer = Tokenizer.trainWordPiece(texts, options)
      expect(Tokenizer.trainWordPiece(texts, options).files).toEqual(tokenizer.files)
      for (const text of texts) expect(Tokenizer.encode(tokenizer, text).input_ids).not.toContain(tokenizer.special.unk)
    }),
    { numRuns: 50 }
  ))

/** With two tokens around a text, and three around a pair. */
const framed = Tokenizer.trainWordPiece(["a b c d e f g h i j k l m n o p q r s t u v w x y z"], { vocabularySize: 31 })
const letters = fc.array(fc.constantFrom(..."abcdefghij"), { maxLength: 20 }).map((all) => all.join(" "))
const input = fc.oneof(letters, fc.tuple(letters, letters))
const sizeOf = (input: Tokenizer.Text) => Tokenizer.encode(framed, input).input_ids.length

test("truncation leaves as much as fits, and what it leaves is the beginning, or the end, of each text", () =>
  fc.assert(
    fc.property(input, fc.integer({ min: 3, max: 30 }), fc.constantFrom("right", "left"), (input, maxLength, truncationSide) => {
      const self = { ...framed, truncationSide }
      const row = Tokenizer.encode(self, input, { truncation: "longest_first", maxLength, specialMask: true })
      expect(row.input_ids.length).toBe(Math.min(sizeOf(input), maxLength))
      const texts = typeof input === "string" ? [input] : input
      for (const [type, text] of texts.entries()) {
        const kept = row.input_ids.filter((_, i) => row.token_type_ids![i] === type && row.special_tokens_mask![i] === 0)
        const whole = Tokenizer.encode(framed, text, { specialTokens: false }).input_ids
        expect(kept).toEqual(truncationSide === "right" ? whole.slice(0, kept.length) : whole.slice(whole.length - kept.length))
      }
    })
  ))

test("padding adds nothing that is attended to, and makes all as long", () =>
  fc.assert(
    fc.property(
      fc.array(input, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 8 }),
      fc.constantFrom("right", "left"),
      (inputs, multipleOf, paddingSide) => {
        const self = { ...framed, paddingSide }
        const rows = Tokenizer.encodeBatch(self, inputs, { padding: "longest", multipleOf })
        const length = Math.ceil(Math.max(...inputs.map(sizeOf)) / multipleOf) * multipleOf
        for (const [i, row] of rows.entries()) {
          expect([row.input_ids.length, row.attention_mask.length, row.token_type_ids!.length]).toEqual([length, length, length])
          expect(row.input_ids.filter((_, at) => row.attention_mask[at] === 1)).toEqual(
            Tokenizer.encode(self, inputs[i]!).input_ids
          )
          expect(row.attention_mask[paddingSide === "right" ? 0 : length - 1]).toBe(1)
        }
      }
    )
  ))

test("what is saved is loaded as it was", () =>
  fc.assert(
    fc.asyncProperty(texts, async (texts) => {
      const saved = Tokenizer.characters(texts)
      const loaded = await Effect.runPromise(
        Tokenizer.save(saved, join(folder, "deep", "down")).pipe(
          Effect.andThen(Tokenizer.load(join(folder, "deep", "down"))),
          Effect.provide(NodeServices.layer)
        )
      )
      expect(loaded.files).toEqual(saved.files)
      expect(loaded.special).toEqual(saved.special)
      expect(texts.map((text) => Tokenizer.encode(loaded, text))).toEqual(texts.map((text) => Tokenizer.encode(saved, text)))
    }),
    { numRuns: 20 }
  ))

const golden = (name: string) => {
  const folder = new URL(`../golden-own/tokenizers/${name}/`, import.meta.url).pathname
  return Effect.runPromise(Tokenizer.load(folder).pipe(Effect.provide(NodeServices.layer)))
}

/** Words of all kinds, each cut from its neighbours by every tokenizer. */
const word = fc.constantFrom(
  "the",
  "Storm",
  "1851,",
  "é",
  "Zoë's",
  "(whale)",
  "naïve",
  "a",
  "Ishmael;",
  "漢",
  "unbelievable",
  "don't"
)
const words = fc.array(fc.tuple(word, fc.constantFrom(" ", "  ", "\n")), { minLength: 1, maxLength: 8 })

test.each(["bert", "gpt2", "roberta", "t5", "llama2", "llama3"])(
  "the spans of %s: an answer is found again by its tokens",
  async (name) => {
    const tokenizer = await golden(name)
    fc.assert(
      fc.property(words, fc.nat(), fc.nat(), (parts, a, b) => {
        const text = parts.flat().join("")
        const starts = parts.map((_, i) => parts.slice(0, i).flat().join("").length)
        const [first, last] = [a % parts.length, b % parts.length].sort((x, y) => x - y) as [number, number]
        const [from, to] = [starts[first]!, starts[last]! + parts[last]![0].length]
        const spans = tokenizer.spansOf(text)
        expect(spans).toHaveLength(tokenizer.toIds(text).length)
        for (const [i, [start, end]] of spans.entries()) {
          expect(start).toBeLessThanOrEqual(end)
          expect(start).toBeGreaterThanOrEqual(spans[i - 1]?.[0] ?? 0)
        }
        const within = spans.filter(([start, end]) => start < to && end > from)
        expect(text.slice(within[0]?.[0], within.at(-1)?.[1])).toBe(text.slice(from, to))
      }),
      { numRuns: 60 }
    )
  }
)

test("the spans of bytes cover all of a text that is no space, and do not go back", () => {
  fc.assert(
    fc.property(text, (text) => {
      const spans = Tokenizer.bytes().spansOf(text)
      const covered = new Set(spans.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)))
      for (let i = 0; i < text.length; i++) if (!/\s/.test(text[i]!)) expect(covered.has(i)).toBe(true)
      for (const [i, [from]] of spans.entries()) expect(from).toBeGreaterThanOrEqual(spans[i - 1]?.[0] ?? 0)
    })
  )
})

test("unknown words have the text up to the next known one", () => {
  const tokenizer = Tokenizer.trainWordPiece(["the sea is the sea"], { vocabularySize: 40, minFrequency: 1 })
  const text = "the 漢字 sea"
  expect(tokenizer.spansOf(text).map(([from, to]) => text.slice(from, to))).toEqual(["the", "漢", "字", "sea"])
})
