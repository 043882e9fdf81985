import { expect, it } from "vitest"
import * as PythonNumbers from "../../../src/Format/PythonNumbers.ts"

/** Recorded from Python 3. */
const rounded: ReadonlyArray<readonly [value: number, decimals: number, rounded: number]> = [
  [0.03125, 4, 0.0312],
  [0.09375, 4, 0.0938],
  [-0.03125, 4, -0.0312],
  [123456789.03125, 4, 123456789.0312],
  [0.0625, 3, 0.062],
  [0.1875, 3, 0.188],
  [1.00005, 4, 1.0001],
  [0.00005, 4, 0.0001],
  [0.00015, 4, 0.0001],
  [2.675, 4, 2.675],
  [1e-6, 4, 0],
  [-1e-6, 4, -0],
  [1e22, 4, 1e22],
  [2.5, 0, 2],
  [3.5, 0, 4]
]

it.each(rounded)("rounds %d to %i decimals", (value, decimals, expected) => {
  expect(PythonNumbers.round(value, decimals)).toBe(expected)
})

it("does not change NaN and infinities", () => {
  expect([NaN, Infinity, -Infinity].map((value) => PythonNumbers.round(value, 4))).toEqual([NaN, Infinity, -Infinity])
})

it("writes floats", () => {
  const values = [1, 0.1, 1e-4, 9.99e-5, 1e15, 1e16, 123456789012345680, -0, 1.5e-7, 1e22, 1e100, -2.5]
  expect(values.map(PythonNumbers.float)).toEqual(
    "1.0 0.1 0.0001 9.99e-05 1000000000000000.0 1e+16 1.2345678901234568e+17 -0.0 1.5e-07 1e+22 1e+100 -2.5".split(" ")
  )
})
