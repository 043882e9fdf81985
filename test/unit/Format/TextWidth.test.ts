import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as TextWidth from "../../../src/Format/TextWidth.ts"

describe("Cells", () => {
  it.each([
    ["loss", 4],
    ["", 0],
    ["é", 1],
    ["e\u0301", 1],
    ["日本", 4],
    ["한글", 4],
    ["👍", 2],
    ["👩‍👩‍👧", 2],
    ["🇫🇷", 2],
    ["━╍█▏…", 5],
    ["\u200b", 0]
  ])("the width of %j is %d", (text, width) => expect(TextWidth.width(text)).toBe(width))

  it.each([
    ["abcdef", 4, "abc…"],
    ["abcd", 4, "abcd"],
    ["日本語", 4, "日…"],
    ["abc", 1, "…"],
    ["abc", 0, ""]
  ])("%j cut to %d is %j", (text, columns, cut) => expect(TextWidth.truncate(text, columns)).toBe(cut))

  it("truncate never exceeds the columns, and does not change a text that fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(20), (raw, columns) => {
        const text = TextWidth.clean(raw)
        const cut = TextWidth.truncate(text, columns)
        expect(TextWidth.width(cut)).toBeLessThanOrEqual(columns)
        if (TextWidth.width(text) <= columns) expect(cut).toBe(text)
      }),
      { numRuns: 500 }
    )
  })

  it("clean leaves no control characters", () => {
    expect(TextWidth.clean("a\u001b[31mb\nc\u009bd\u202ee")).toBe("a [31mb c d e")
  })

  it("pad fills to the displayed width", () => {
    expect(TextWidth.pad("日", 4, "left")).toBe("日  ")
    expect(TextWidth.pad("日", 4, "right")).toBe("  日")
    expect(TextWidth.pad("abcde", 4, "right")).toBe("abcde")
  })
})
