import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Numbers from "../../../src/Format/Numbers.ts"

describe("Numbers", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [7, "7"],
    [1234567, "1,234,567"],
    [-1234567, "-1,234,567"],
    [0.5, "0.5000"],
    [0.001, "0.0010"],
    [0.008333333, "0.008333"],
    [0.00099, "9.9e-04"],
    [0.000012, "1.2e-05"],
    [5e-5, "5e-05"],
    [3.3333333e-4, "3.333e-04"],
    [999.96, "1,000"],
    [12345.678, "12,346"],
    [3.5, "3.500"],
    [1e21, "1e+21"],
    [1.5e300, "1.5e+300"],
    [NaN, "NaN"],
    [-Infinity, "-inf"]
  ])("number(%d) is %s", (value, text) => expect(Numbers.number(value)).toBe(text))

  it("number reads back to its significant digits", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e14, max: 1e14 }), fc.integer({ min: 1, max: 9 }), (value, digits) => {
        const read = Number(Numbers.number(value, digits).replaceAll(",", ""))
        expect(Math.abs(read - value)).toBeLessThanOrEqual(Math.abs(value) * 0.5001 * 10 ** (1 - digits))
      }),
      { numRuns: 1000 }
    )
  })

  it.each([
    [0, "0ms"],
    [0.9996, "1.0s"],
    [7, "7s"],
    [9.96, "10s"],
    [59.7, "1m00s"],
    [3599.6, "1h00m"],
    [3600, "1h00m"],
    [86399, "1d00h"],
    [-75, "-1m15s"],
    [Infinity, "?"],
    [NaN, "?"]
  ])("duration(%d) is %s", (seconds, text) => expect(Numbers.duration(seconds)).toBe(text))

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1023, "1.00 KiB"],
    [1536, "1.50 KiB"],
    [10.5 * 1024 ** 2, "10.5 MiB"],
    [123.4 * 1024 ** 3, "123 GiB"],
    [NaN, "?"]
  ])("bytes(%d) is %s", (size, text) => expect(Numbers.bytes(size)).toBe(text))

  it.each([
    [12.34, "12.3 steps/s"],
    [1234.4, "1,234 steps/s"],
    [0.25, "4 s/step"],
    [0.01, "1m40s/step"],
    [0, "? steps/s"],
    [NaN, "? steps/s"]
  ])("rate(%d) is %s", (perSecond, text) => expect(Numbers.rate(perSecond, "step")).toBe(text))
})
