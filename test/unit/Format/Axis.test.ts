import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Axis from "../../../src/Format/Axis.ts"

const labels = (values: ReadonlyArray<number>, count = 5) =>
  Axis.make(values, { count, round: true }).ticks.map((tick) => tick.label)

describe("Axis", () => {
  it.each([
    [
      [0, 10],
      ["0", "2", "4", "6", "8", "10"]
    ],
    [
      [0.13, 2.38],
      ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]
    ],
    [
      [0, 5e-5],
      ["0", "1e-05", "2e-05", "3e-05", "4e-05", "5e-05"]
    ],
    [
      [-20000, 30000],
      ["-20,000", "-10,000", "0", "10,000", "20,000", "30,000"]
    ]
  ])("of %j has the ticks %j", (values, ticks) => expect(labels(values)).toEqual(ticks))

  it("moves values that are almost the same apart", () => {
    expect(labels([1, 1 + Number.EPSILON])).toEqual(["0.90", "0.95", "1.00", "1.05", "1.10"])
    expect(labels([NaN, Infinity])).toEqual(labels([0, 1]))
  })

  it("has a few ascending ticks with distinct labels within the axis, for any values", () => {
    fc.assert(
      fc.property(fc.array(fc.double()), fc.integer({ min: 1, max: 12 }), fc.boolean(), (values, count, round) => {
        const axis = Axis.make(values, { count, round })
        const places = axis.ticks.map((tick) => tick.value)
        expect(axis.from).toBeLessThan(axis.to)
        expect(places.length).toBeLessThanOrEqual(count + 3)
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        for (const place of places) expect(Axis.place(axis, place)).toBeCloseTo((place - axis.from) / (axis.to - axis.from), 9)
        expect(new Set(axis.ticks.map((tick) => tick.label)).size).toBe(places.length)
      }),
      { numRuns: 1000 }
    )
  })
})
