import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Plot from "../../../src/Format/Plot.ts"
import * as TextWidth from "../../../src/Format/TextWidth.ts"

const line = (f: (x: number) => number): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: 101 }, (_, i) => [i, f(i)])

describe("Plot", () => {
  it("draws a falling line from the top left to the bottom right", () => {
    const plot = Plot.render({ x: "step", y: "learning rate", series: { lr: line((x) => 100 - x) } }, { columns: 34, rows: 8 })
    expect(plot.split("\n")).toEqual([
      "    learning rate",
      "100 ┤⠉⠒⠢⠤⣀⡀",
      "    │     ⠈⠉⠒⠢⠤⣀⡀",
      " 50 ┤           ⠈⠉⠒⠢⠤⣀⡀",
      "    │                 ⠈⠉⠒⠢⠤⣀⡀",
      "  0 ┤                       ⠈⠉⠒⠢⠤⣀",
      "    └┴─────────────┴─────────────┴",
      "     0            50           100"
    ])
  })

  it("names several series by pattern", () => {
    const plot = Plot.render(
      { x: "step", y: "loss", series: { train: line(Math.sqrt), eval: line(Math.cbrt) } },
      { columns: 60, rows: 12 }
    )
    expect(plot.split("\n").at(-1)).toContain("━━ train   ·· eval")
  })

  it("has the given size for any points", () => {
    const point = fc.tuple(fc.double(), fc.double())
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: "binary" }), fc.array(point), { maxKeys: 4 }),
        fc.integer({ min: 30, max: 120 }),
        fc.integer({ min: 8, max: 40 }),
        fc.string({ unit: "binary" }),
        (series, columns, rows, label) => {
          const lines = Plot.render({ x: label, y: label, series }, { columns, rows }).split("\n")
          expect(lines).toHaveLength(rows)
          for (const row of lines) {
            expect(TextWidth.width(row)).toBeLessThanOrEqual(columns)
            expect(TextWidth.clean(row)).toBe(row)
            expect(row).not.toMatch(/NaN|undefined/)
          }
        }
      ),
      { numRuns: 500 }
    )
  })
})
