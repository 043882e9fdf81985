/** Formats and rounds numbers as Python does, for output that equals the Hugging Face Trainer's. */

/**
 * Rounds to so many decimals as Python's `round` does: the exact value decides, and of two that are equally near, the even one is taken.
 *
 * **Law**: a number that is a half of the last decimal exactly goes to the even neighbour, every other one where `toFixed` puts it
 * (test/unit/Format/PythonNumbers.test.ts).
 */
export const round = (value: number, decimals: number): number => {
  const fixed = value.toFixed(decimals) // halves away from zero
  const tie = Math.abs((value * 2 ** (decimals + 1)) % 2) === 1
  return Number(tie ? fixed.replace(/[13579]$/, (digit) => String(Number(digit) - 1)) : fixed)
}

/**
 * Writes a float as Python's `repr` does: always with a point or an exponent, which has at least two digits.
 */
export const float = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"
  const [mantissa = "", power = ""] = value.toExponential().split("e")
  if (Number(power) < -4 || Number(power) >= 16) return `${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`
  const sign = Object.is(value, -0) ? "-" : ""
  return Number.isInteger(value) ? `${sign}${value}.0` : String(value)
}
