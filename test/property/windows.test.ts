/** The windows of question answering: no token is lost, no window is too long, and answers are at their positions. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Windows from "../../src/Task/QuestionAnswering/Windows.ts"
import * as Tokenizer from "../../src/Tokenizer/Tokenizers.ts"

const vocabulary = ["Oslo", "the", "river", "Zoë", "1851,", "(whale)", "unbelievable", "storm;", "漢", "don't"]
const pieces = Tokenizer.trainWordPiece(vocabulary, { vocabularySize: 110, minFrequency: 1 })
const cased = Tokenizer.trainWordPiece(vocabulary, { vocabularySize: 110, minFrequency: 1, lowercase: false })
const tokenizers = { "word pieces": pieces, "cased word pieces": cased, bytes: Tokenizer.bytes() }

const asked = fc
  .record({
    parts: fc.array(fc.tuple(fc.constantFrom(...vocabulary), fc.constantFrom(" ", "  ", "\n")), { minLength: 1, maxLength: 25 }),
    first: fc.nat(),
    words: fc.integer({ min: 1, max: 3 })
  })
  .map(({ parts, first, words }) => {
    const context = parts.flat().join("")
    const at = first % parts.length
    const until = Math.min(parts.length, at + words) - 1
    const from = parts.slice(0, at).flat().join("").length
    const to = parts.slice(0, until).flat().join("").length + parts[until]![0].length
    return { id: "q", question: "the river", context, answers: [{ text: context.slice(from, to), from }] }
  })
const sizes = fc
  .integer({ min: 0, max: 8 })
  .chain((stride) => fc.record({ stride: fc.constant(stride), size: fc.integer({ min: stride + 20, max: stride + 40 }) }))

describe.each(Object.entries(tokenizers))("%s", (_, tokenizer) => {
  it("each token of the text is in a window, in order, and neighbours share the stride", () => {
    fc.assert(
      fc.property(asked, sizes, (question, { size, stride }) => {
        const windows = Windows.cut(tokenizer, question, 0, { size, stride })
        const texts = windows.map(({ row, spans }) => row.input_ids.filter((_, at) => spans[at] !== undefined))
        const whole = texts.flatMap((part, i) => part.slice(i === 0 ? 0 : stride))
        expect(whole).toEqual(tokenizer.toIds(question.context))
        const spans = windows.flatMap(({ spans }, i) => spans.filter((span) => span !== undefined).slice(i === 0 ? 0 : stride))
        expect(spans).toEqual(tokenizer.spansOf(question.context))
        for (const { row } of windows) expect(row.input_ids.length).toBeLessThanOrEqual(size)
        for (const [i, part] of texts.slice(1).entries())
          expect(part.slice(0, stride)).toEqual(texts[i]!.slice(-stride || texts[i]!.length))
      })
    )
  })

  it("an answer in a window is found again by its places; in the others it is nowhere", () => {
    fc.assert(
      fc.property(asked, sizes, (question, { size, stride }) => {
        const [{ from, text }] = question.answers as [(typeof question.answers)[number]]
        for (const { row, spans } of Windows.cut(tokenizer, question, 0, { size, stride })) {
          const [first, last] = [spans.find((span) => span !== undefined), spans.findLast((span) => span !== undefined)]
          const holds = first !== undefined && first[0] <= from && from + text.length <= last![1]
          const [start, end] = [row.start_positions!, row.end_positions!]
          if (holds) expect(question.context.slice(spans[start]![0], spans[end]![1])).toBe(text)
          else expect([start, end]).toEqual([0, 0])
        }
      })
    )
  })

  it("space at the ends of an answer changes nothing", () => {
    fc.assert(
      fc.property(asked, sizes, (question, { size, stride }) => {
        const [{ from, text }] = question.answers as [(typeof question.answers)[number]]
        const before = /\s*$/.exec(question.context.slice(0, from))![0]
        const after = /^\s*/.exec(question.context.slice(from + text.length))![0]
        const wider = { ...question, answers: [{ text: `${before}${text}${after}`, from: from - before.length }] }
        const cut = (asked: Windows.Question) => Windows.cut(tokenizer, asked, 0, { size, stride })
        expect(cut(wider)).toEqual(cut(question))
      })
    )
  })
})

it("refuses a question that leaves no room for the context", () => {
  const question = { id: "q", question: "the river the river", context: "Oslo", answers: undefined }
  expect(() => Windows.cut(pieces, question, 0, { size: 9, stride: 4 })).toThrow(
    /raise max_seq_length, or make doc_stride smaller/
  )
})
