/** Formats numbers for display: fixed significant digits, thousands, durations, bytes, rates. All pure, all ASCII. */

/**
 * Writes a number with fixed significant digits, so that figures of one kind line up. Whole numbers are written in full, with
 * thousands; what is under 0.001 takes an exponent of two digits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Numbers } from "regimen/metrics"
 *
 * assert.deepEqual([0.25, 12.3456, 1234567, 0.000012].map((x) => Numbers.number(x)), ["0.2500", "12.35", "1,234,567", "1.2e-05"])
 * ```
 */
export const number = (value: number, digits = 4): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf"
  if (value === 0) return "0"
  const size = Math.abs(value)
  if (size < 1e-3 || size >= 1e15) return exponential(value, digits)
  if (Number.isInteger(value)) return thousands(value)
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Number(size.toPrecision(digits)))))
  return thousands(value, decimals).replace(excess(digits), "")
}

/** Writes a number with an exponent of at least two digits, and no zeros at the end of its mantissa: `5e-05`. */
export const exponential = (value: number, digits: number): string => scientific(value, digits).replace(/(?<=\d)\.?0+(?=e)/, "")

/** Writes a number with all its digits, and an exponent of at least two, so that numbers of any size line up: `5.000e-05`. */
export const scientific = (value: number, digits = 4): string => {
  if (!Number.isFinite(value)) return number(value)
  const [mantissa = "", power = ""] = value.toExponential(digits - 1).split("e")
  return `${mantissa}e${power.slice(0, 1)}${power.slice(1).padStart(2, "0")}`
}

/** Writes a number with commas between thousands and this many decimals. */
export const thousands = (value: number, decimals = 0): string => {
  const [whole = "", fraction] = value.toFixed(decimals).split(".")
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",")
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/**
 * Writes a duration by its two largest units.
 *
 * **Unit**: seconds.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Numbers } from "regimen/metrics"
 *
 * assert.deepEqual([0.0421, 7.25, 95, 3725, 180000].map(Numbers.duration), ["42ms", "7.3s", "1m35s", "1h02m", "2d02h"])
 * ```
 */
export const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return "?"
  if (seconds < 0) return `-${duration(-seconds)}`
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`
  if (seconds < 9.95) return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(1)}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`
  const hours = Math.round(seconds / 3600)
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`
}

/** Writes a size with three significant digits and a binary unit: `1.50 MiB`. **Unit**: bytes. */
export const bytes = (size: number): string => {
  if (!Number.isFinite(size)) return "?"
  let value = size
  let unit = 0
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const decimals = unit === 0 || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2
  return `${value.toFixed(decimals)} ${units[unit]}`
}

/** Writes a speed in the more readable of two forms: `12.3 steps/s`, or `4.2 s/step` when one takes longer than a second. **Unit**: things per second. */
export const rate = (perSecond: number, one: string, many = `${one}s`): string => {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return `? ${many}/s`
  if (perSecond < 1) return `${duration(1 / perSecond).replace(/^([\d.]+)s$/, "$1 s")}/${one}`
  return `${perSecond >= 99.95 ? thousands(perSecond) : perSecond.toPrecision(3)} ${many}/s`
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]

const two = (value: number): string => String(value).padStart(2, "0")

/** Zeros that are there for the significant digits only: past the decimals that every number under 10 has. */
const excess = (digits: number): RegExp => new RegExp(`(?<=\\.\\d{${digits}})0+$`)
