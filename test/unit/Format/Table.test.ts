import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Table from "../../../src/Format/Table.ts"
import * as TextWidth from "../../../src/Format/TextWidth.ts"

describe("Table", () => {
  it("aligns numbers to the right and texts to the left", () => {
    expect(
      Table.render(
        ["step", "event", "loss"],
        [
          [1, "log", 0.123456],
          [1000, "save", null]
        ]
      ).split("\n")
    ).toEqual([" step  event    loss", "─────  ─────  ──────", "    1  log    0.1235", "1,000  save        -"])
  })

  it("measures wide characters by their displayed width", () => {
    const lines = Table.render(["名", "n"], [["日本", 1]]).split("\n")
    expect(lines).toEqual(["名    n", "────  ─", "日本  1"])
  })

  it("truncates texts, not numbers, to fit", () => {
    const lines = Table.render(["n", "what"], [[123456, "a text that does not fit at all"]], 20).split("\n")
    expect(lines[2]).toBe("123,456  a text tha…")
  })

  it("continues texts on the next line of their column, on request", () => {
    const render = (columns: number) =>
      Table.render(
        ["n", "what"],
        [
          [123456, "some words abcdefghijklmno"],
          [1, ""]
        ],
        columns,
        "wrap"
      )
    expect(render(20).split("\n").slice(2)).toEqual(["123,456  some words", "         abcdefghijk", "         lmno", "      1"])
    expect(render(80)).toBe(
      Table.render(
        ["n", "what"],
        [
          [123456, "some words abcdefghijklmno"],
          [1, ""]
        ],
        80
      )
    )
  })

  it("has one line per row, none too wide, without control characters", () => {
    const cell = fc.oneof(fc.string({ unit: "grapheme" }), fc.double(), fc.integer(), fc.constant(null))
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell)), fc.integer({ min: 1, max: 80 }), (rows, columns) => {
        const lines = Table.render(["a", "b", "c\u001b"], rows, columns).split("\n")
        expect(lines).toHaveLength(rows.length + 2)
        for (const line of lines) {
          expect(TextWidth.width(line)).toBeLessThanOrEqual(columns)
          expect(TextWidth.clean(line)).toBe(line)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("writes rows one by one to columns measured before", () => {
    const columns = Table.measure(["set", "loss"], [["eval", 0.5]])
    expect(Table.header(columns)).toBe("set     loss")
    expect(Table.row(columns, ["validation", 0.25])).toBe("val…  0.2500")
  })
})
