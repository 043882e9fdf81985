import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Cells from "../../../src/Format/Cells.ts"

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
  ])("the width of %j is %d", (text, width) => expect(Cells.width(text)).toBe(width))

  it.each([
    ["abcdef", 4, "abc…"],
    ["abcd", 4, "abcd"],
    ["日本語", 4, "日…"],
    ["abc", 1, "…"],
    ["abc", 0, ""]
  ])("%j cut to %d is %j", (text, columns, cut) => expect(Cells.truncate(text, columns)).toBe(cut))

  it("truncate never exceeds the columns, and does not change a text that fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(20), (raw, columns) => {
        const text = Cells.clean(raw)
        const cut = Cells.truncate(text, columns)
        expect(Cells.width(cut)).toBeLessThanOrEqual(columns)
        if (Cells.width(text) <= columns) expect(cut).toBe(text)
      }),
      { numRuns: 500 }
    )
  })

  it("clean leaves no control characters", () => {
    expect(Cells.clean("a\u001b[31mb\nc\u009bd\u202ee")).toBe("a [31mb c d e")
  })

  it("pad fills to the displayed width", () => {
    expect(Cells.pad("日", 4, "left")).toBe("日  ")
    expect(Cells.pad("日", 4, "right")).toBe("  日")
    expect(Cells.pad("abcde", 4, "right")).toBe("abcde")
  })
})
