import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as TextWidth from "../../../src/Format/TextWidth.ts"
import * as Wrap from "../../../src/Format/Wrap.ts"

describe("Wrap", () => {
  it("breaks between words, and inside a word that is longer than a line", () => {
    expect(Wrap.text("a text of some words", 10)).toBe("a text of\nsome words")
    expect(Wrap.text("see abcdefghijklmnopqrstuvwxyz.", 10)).toBe("see\nabcdefghij\nklmnopqrst\nuvwxyz.")
    expect(Wrap.text("日本語 text", 4)).toBe("日本\n語\ntext")
  })

  it("indents continuation lines, unless the indent takes half of the line", () => {
    expect(Wrap.text("one two three", 10, { indent: "  " })).toBe("one two\n  three")
    expect(Wrap.text("one two three", 5, { indent: "    " })).toBe("one\ntwo\nthree")
  })

  it("leaves the lines of a text, and runs of spaces inside them", () => {
    expect(Wrap.text("one\n\ntwo  three", 20)).toBe("one\n\ntwo  three")
  })

  it("breaks a single piece only above `longest`", () => {
    expect(Wrap.pieces(["a=1", "b=22222222"], 8, { between: "  ", longest: 20 })).toBe("a=1\nb=22222222")
  })

  it("has no line that is too wide, and loses no character but spaces", () => {
    const texts = fc
      .array(fc.string({ unit: "grapheme", maxLength: 30 }), { maxLength: 8 })
      .map((words) => words.map(TextWidth.clean).join(" "))
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 40 }), fc.nat(8), (text, columns, indent) => {
        const wrapped = Wrap.text(text, columns, { indent: " ".repeat(indent) })
        for (const line of wrapped.split("\n")) expect(TextWidth.width(line)).toBeLessThanOrEqual(columns)
        expect(wrapped.replaceAll(/\s/gu, "")).toBe(text.replaceAll(/\s/gu, ""))
      }),
      { numRuns: 500 }
    )
  })
})
