/** Numbers as Python writes and rounds them: what is compared with the files and the output of the Hugging Face Trainer. */

/**
 * Rounds to so many decimals as Python's `round` does: the exact value decides, and of two that are equally near, the even one is taken.
 *
 * **Law**: a number that is a half of the last decimal exactly goes to the even neighbour, every other one where `toFixed` puts it
 * (test/unit/Metrics/Format/Python.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Python } from "regimen"
 *
 * assert.deepEqual([0.03125, 0.09375, 1.00005, -2.5].map((x) => Python.round(x, 4)), [0.0312, 0.0938, 1.0001, -2.5])
 * ```
 */
export const round = (value: number, decimals: number): number => {
  const fixed = value.toFixed(decimals) // halves away from zero
  const tie = Math.abs((value * 2 ** (decimals + 1)) % 2) === 1
  return Number(tie ? fixed.replace(/[13579]$/, (digit) => String(Number(digit) - 1)) : fixed)
}

/**
 * Writes a float as Python's `repr` does: always with a point or an exponent, which has at least two digits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Python } from "regimen"
 *
 * assert.deepEqual([1, 0.00005, 1e16, NaN, -Infinity].map(Python.float), ["1.0", "5e-05", "1e+16", "nan", "-inf"])
 * ```
 */
export const float = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"
  const [mantissa = "", power = ""] = value.toExponential().split("e")
  if (Number(power) < -4 || Number(power) >= 16) return `${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`
  const sign = Object.is(value, -0) ? "-" : ""
  return Number.isInteger(value) ? `${sign}${value}.0` : String(value)
}
