import fc from "fast-check"
import { expect, it } from "vitest"
import * as Figure from "../../../src/Format/Figure.ts"
import * as FigureSvg from "../../../src/Format/FigureSvg.ts"

const doubles = fc.array(fc.oneof(fc.double(), fc.integer({ min: -9, max: 9 })))

it("a histogram counts each finite value once, in the bin whose edges are about it", () => {
  fc.assert(
    fc.property(doubles, fc.integer({ min: 1, max: 40 }), (values, bins) => {
      const { edges, counts } = Figure.histogram("x", values, { bins })
      const finite = values.filter(Number.isFinite)
      expect(edges).toHaveLength(finite.length === 0 ? 0 : bins + 1)
      expect(edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge >= edges[i - 1]!))).toBe(true)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(finite.length)
      const inside = (value: number, i: number) => value >= edges[i]! && (value < edges[i + 1]! || i === bins - 1)
      expect(counts).toEqual(counts.map((_, i) => finite.filter((value) => inside(value, i)).length))
    }),
    { numRuns: 300 }
  )
})

it("a histogram is NumPy's: the last edge is inside, and equal values get a bin of width 1", () => {
  expect(Figure.histogram("x", [1, 2, 3, 4], { bins: 3 })).toEqual({
    _tag: "Histogram",
    x: "x",
    edges: [1, 2, 3, 4],
    counts: [1, 1, 2]
  })
  expect(Figure.histogram("x", new Float32Array(5).fill(2), { bins: 1 })).toMatchObject({ edges: [1.5, 2.5], counts: [5] })
  const far = 1.5 * 2 ** 1023
  expect(Figure.histogram("x", [-far, far], { bins: 4 }).edges).toEqual([-far, -far / 2, 0, far / 2, far])
  expect(Figure.histogram("x", [0, 1])).toMatchObject({ counts: { length: 30 } })
})

it("a histogram is drawn as the outline of its bars, from the ground to the ground", () => {
  const histogram = Figure.histogram("weight", [0, 1, 1, 2, 4], { bins: 2 })
  expect(Figure.outline(histogram)).toEqual({
    _tag: "Lines",
    x: "weight",
    y: "count",
    series: {
      count: [
        [0, 0],
        [0, 3],
        [2, 3],
        [2, 2],
        [4, 2],
        [4, 0]
      ]
    }
  })
  const title = { title: "Weights" }
  expect(FigureSvg.render(histogram, title)).toBe(FigureSvg.render(Figure.outline(histogram), title))
  expect(FigureSvg.render(Figure.histogram("weight", []), title)).toContain("nothing to show yet")
})
