/** Orders that draw rows in proportion to weights. */
import * as Key from "../../Tensor/Key.ts"
import * as Random from "../../Tensor/Random.ts"
import { InvalidSampler, type Sampler } from "../Sampler.ts"

export interface Options {
  /** The weight of each row: non-negative; weights need not sum to 1. */
  readonly weights: ArrayLike<number>
  readonly seed: number
  /** The number of rows in an epoch (`num_samples`). Default: the size of the dataset. */
  readonly draws?: number
  /** Draws with replacement. Default true; otherwise each row is drawn at most once. */
  readonly replacement?: boolean
}

/**
 * Draws rows in proportion to their weights, for example to oversample rare classes.
 *
 * **Law**: a row of weight 0 is never drawn; without replacement none is drawn twice (test/property/Sampler.test.ts).
 * **Errors**: throws `InvalidSampler` if there is not one weight per row, for negative or non-finite weights, and for more draws than rows without replacement.
 * **Source**: PyTorch's `WeightedRandomSampler`; its random numbers differ, keyed by (seed, epoch). Without replacement: Efraimidis and Spirakis,
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
    return replacement ? drawWithReplacement(key, weights, draws) : drawWithoutReplacement(key, weights, draws)
  }

const drawWithReplacement = (key: Key.Key, weights: ArrayLike<number>, draws: number): Int32Array => {
  const sums = new Float64Array(weights.length)
  let sum = 0
  for (let i = 0; i < sums.length; i++) sums[i] = sum += weights[i]!
  return Int32Array.from(fractions(key, draws), (fraction) => firstAbove(sums, fraction * sum))
}

const drawWithoutReplacement = (key: Key.Key, weights: ArrayLike<number>, draws: number): Int32Array => {
  // Each row has an exponential waiting time with its weight as rate: the rows with the shortest times are the sample.
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
  const invalid = (reason: string) => new InvalidSampler({ reason })
  if (weights.length !== size) throw invalid(`there are ${weights.length} weights for ${size} rows`)
  if (!(Number.isSafeInteger(draws) && draws >= 0)) throw invalid(`draws is ${draws}, and must be a non-negative integer`)
  let possible = 0
  for (let row = 0; row < size; row++) {
    const weight = weights[row]!
    if (!(weight >= 0 && weight < Infinity))
      throw invalid(`row ${row} has weight ${weight}: weights must be finite and non-negative`)
    if (weight > 0) possible++
  }
  if (draws > 0 && possible === 0) throw invalid("no row has a weight above 0")
  if (!replacement && draws > possible)
    throw invalid(`draws is ${draws}, and only ${possible} rows have a weight above 0: reduce draws, or draw with replacement`)
}
