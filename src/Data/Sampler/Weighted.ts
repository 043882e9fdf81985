/** Orders in which some rows come more often than others. */
import * as Key from "../../Tensor/Key.ts"
import * as Random from "../../Tensor/Random.ts"
import { InvalidSampler, type Sampler } from "../Sampler.ts"

export interface Options {
  /** How likely each row of the dataset is, in proportion: not negative, and need not add up to 1. */
  readonly weights: ArrayLike<number>
  readonly seed: number
  /** Rows in an epoch. Default: as many as the dataset has. */
  readonly draws?: number
  /** Draws a row as often as it comes. Default true; without, each row comes at most once. */
  readonly replacement?: boolean
}

/**
 * Draws rows in proportion to their weights, for classes that are rare.
 *
 * **Law**: a row of weight 0 never comes; without replacement none comes twice (test/property/Sampler.test.ts).
 * **Errors**: throws `InvalidSampler` for weights that are not one per row, negative or not finite, and for more draws than can be made.
 * **Source**: PyTorch's `WeightedRandomSampler`; the numbers are ours, keyed by (seed, epoch). Without replacement: Efraimidis and Spirakis,
 * "Weighted random sampling with a reservoir" (2006).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Sampler } from "regimen/data"
 *
 * const order = Sampler.weighted({ weights: [0, 1, 3], seed: 0, draws: 1000 })(3, 0)
 * assert.ok(!order.includes(0))
 * assert.ok(Math.abs(order.filter((row) => row === 2).length - 750) < 60)
 * ```
 */
export const weighted =
  (options: Options): Sampler =>
  (size, epoch) => {
    const { replacement = true, seed, weights } = options
    const draws = options.draws ?? size
    check(weights, size, draws, replacement)
    const key = Key.fold(Key.fold(Key.make(seed), "weighted"), epoch)
    return replacement ? drawAgain(key, weights, draws) : drawOnce(key, weights, draws)
  }

const drawAgain = (key: Key.Key, weights: ArrayLike<number>, draws: number): Int32Array => {
  const sums = new Float64Array(weights.length)
  let sum = 0
  for (let i = 0; i < sums.length; i++) sums[i] = sum += weights[i]!
  return Int32Array.from(fractions(key, draws), (fraction) => firstAbove(sums, fraction * sum))
}

const drawOnce = (key: Key.Key, weights: ArrayLike<number>, draws: number): Int32Array => {
  // An exponential waiting time for each row, at the rate of its weight: those that come first are the sample.
  const waits = fractions(key, weights.length).map((fraction, row) => -Math.log1p(-fraction) / weights[row]!)
  return Int32Array.from(waits.keys())
    .filter((row) => weights[row]! > 0)
    .sort((a, b) => waits[a]! - waits[b]! || a - b)
    .slice(0, draws)
}

const firstAbove = (sums: Float64Array, value: number): number => {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}

/** In [0, 1), of 46 bits. */
const fractions = (key: Key.Key, n: number): Float64Array => {
  const { data } = Random.uniform(key, [2 * n])
  return Float64Array.from({ length: n }, (_, i) => data[2 * i]! + data[2 * i + 1]! * 2 ** -23)
}

const check = (weights: ArrayLike<number>, size: number, draws: number, replacement: boolean): void => {
  const refuse = (reason: string) => new InvalidSampler({ reason })
  if (weights.length !== size) throw refuse(`there are ${weights.length} weights for ${size} rows`)
  if (!(Number.isSafeInteger(draws) && draws >= 0)) throw refuse(`${draws} is no number of draws`)
  let possible = 0
  for (let row = 0; row < size; row++) {
    const weight = weights[row]!
    if (!(weight >= 0 && weight < Infinity)) throw refuse(`row ${row} has weight ${weight}: weights are finite and not negative`)
    if (weight > 0) possible++
  }
  if (draws > 0 && possible === 0) throw refuse("no row has a weight above 0")
  if (!replacement && draws > possible)
    throw refuse(`${draws} draws are wanted of ${possible} rows with a weight above 0: draw fewer, or with replacement`)
}
