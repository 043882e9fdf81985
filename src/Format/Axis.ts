/** An axis: round numbers between two values, and their labels. Plots in a terminal and in a picture share it. */
import * as Numbers from "./Numbers.ts"

export interface Axis {
  readonly from: number
  readonly to: number
  /** In order, within `from` and `to`. */
  readonly ticks: ReadonlyArray<Tick>
}

export interface Tick {
  readonly value: number
  readonly label: string
}

/**
 * Makes an axis over the finite ones of some values, with at most about `count` ticks at multiples of 1, 2 or 5 times a power of ten. All
 * labels have the same number of decimals. `round` widens the axis to ticks at both ends.
 */
export const make = (values: Iterable<number>, options: { readonly count: number; readonly round: boolean }): Axis => {
  const [low, high] = extent(values)
  const step = roundStep((high - low) / Math.max(1, options.count))
  const from = options.round ? Math.floor(low / step + 1e-9) * step : low
  const to = options.round ? Math.ceil(high / step - 1e-9) * step : high
  const ticks: Array<Tick> = []
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  for (let i = first; i <= last; i++)
    ticks.push({ value: i * step, label: label(i * step, step, Math.max(Math.abs(from), Math.abs(to))) })
  return { from, to, ticks }
}

/** Computes a value's position on the axis: 0 at its start or before it, 1 at its end or after it. */
export const place = (axis: Axis, value: number): number => Math.min(1, Math.max(0, (value - axis.from) / (axis.to - axis.from)))

/** Beyond these, the difference of two values overflows. */
const largest = 1e300

/** The least and the greatest value, a little apart if they are (almost) equal. */
const extent = (values: Iterable<number>): readonly [number, number] => {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.max(-largest, Math.min(low, value))
    high = Math.min(largest, Math.max(high, value))
  }
  if (low > high) return [0, 1]
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (high - low > size * 1e-9 && size > 1 / largest) return [low, high]
  const margin = size > 1 / largest ? size * 0.1 : 1
  return [low - margin, high + margin]
}

const roundStep = (rough: number): number => {
  const power = 10 ** Math.floor(Math.log10(rough))
  const unit = rough / power
  return power * (unit <= 1.0001 ? 1 : unit <= 2.0001 ? 2 : unit <= 5.0001 ? 5 : 10)
}

const label = (value: number, step: number, size: number): string => {
  if (Math.abs(value) < step * 1e-6) return "0"
  if (size < 0.01 || size >= 1e7) return Numbers.exponential(value, Math.max(1, 1 + decade(value) - decade(step)))
  return Numbers.thousands(value, Math.max(0, -decade(step)))
}

/** The power of ten of a number's first digit. The nudge makes 0.3 - 0.2 a tenth. */
const decade = (value: number): number => Math.floor(Math.log10(Math.abs(value) * (1 + 1e-9)))
