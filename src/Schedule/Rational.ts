/** A number as a fraction of integers, so that multiples of it can be counted without rounding. */

export interface Fraction {
  readonly over: number
  readonly under: number
}

/**
 * Gives the simplest fraction that is a number (to one part in 10^12): 0.1 is 1/10, and 0.1 + 0.2 is 3/10, though no float is either.
 *
 * **Law**: p / q gives p and q in lowest terms (test/property/trigger.test.ts).
 *
 * **Source**: the convergents of its continued fraction.
 */
export const fromNumber = (value: number): Fraction => {
  let [over, under, beforeOver, beforeUnder] = [Math.floor(value), 1, 1, 0]
  let rest = value - over
  while (Math.abs(over / under - value) > 1e-12 * value) {
    const term = Math.floor(1 / rest)
    rest = 1 / rest - term
    ;[over, under, beforeOver, beforeUnder] = [term * over + beforeOver, term * under + beforeUnder, over, under]
  }
  return { over, under }
}
