import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as FigureSvg from "../../../src/Format/FigureSvg.ts"

const name = fc.string({ unit: "binary" })
const figure = fc.oneof(
  fc.record({
    _tag: fc.constant("Lines" as const),
    x: name,
    y: name,
    series: fc.dictionary(name, fc.array(fc.tuple(fc.double(), fc.double())), { maxKeys: 9 })
  }),
  fc.array(name, { maxLength: 30 }).chain((labels) =>
    fc.record({
      _tag: fc.constant("Matrix" as const),
      rows: name,
      columns: name,
      labels: fc.constant(labels),
      values: fc.array(fc.array(fc.double(), { minLength: labels.length, maxLength: labels.length }), {
        minLength: labels.length,
        maxLength: labels.length
      })
    })
  )
)

/** Numbers of the drawing, and tags that are open. */
const faults = (svg: string): ReadonlyArray<string> => {
  const open: Array<string> = []
  const wrong: Array<string> = []
  for (const [, closing, tag, attributes, empty] of svg.matchAll(/<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/g)) {
    if (closing !== "" && open.pop() !== tag) wrong.push(`</${tag}>`)
    if (closing === "" && empty === "") open.push(tag!)
    if (/="[^"]*(NaN|Infinity|undefined)[^"]*"/.test(attributes!)) wrong.push(attributes!)
  }
  const between = svg.replace(/<[^>]*>/g, "")
  return [...wrong, ...open, ...(/[<>]|&(?!#\d+;)/.test(between) ? [between] : [])]
}

describe("FigureSvg", () => {
  it("is well-formed and without NaN for any figure", () => {
    fc.assert(
      fc.property(figure, name, (drawn, title) => {
        expect(faults(FigureSvg.render(drawn, { title }))).toEqual([])
      }),
      { numRuns: 300 }
    )
  })

  it("names several lines, and the axes", () => {
    const svg = FigureSvg.render(
      { _tag: "Lines", x: "step", y: "loss", series: { train: [[0, 1]], "a<b": [[1, NaN]] } },
      { title: "T" }
    )
    for (const words of ["step", "loss", "train", "a&#60;b", "T"]) expect(svg).toContain(`>${words}<`)
  })

  it("writes counts and labels into a matrix", () => {
    const matrix = {
      _tag: "Matrix",
      rows: "true",
      columns: "predicted",
      labels: ["cat", "dog"],
      values: [
        [1234, 5],
        [0, 77]
      ]
    } as const
    const svg = FigureSvg.render(matrix, { title: "T" })
    for (const words of ["cat", "dog", "1,234", "5", "77", "true", "predicted"]) expect(svg).toContain(`>${words}<`)
    expect(svg).not.toContain(">0<")
  })
})
