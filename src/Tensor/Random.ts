/**
 * Random numbers as functions of a key, computed on the host: the same on every device, in every process, in any order.
 * Use a key once: two draws with one key give the same numbers, so fold a name or number into it first.
 */
import { Schema } from "effect"
import { type HostTensor, sizeOf } from "./HostTensor.ts"
import type { Key } from "./Key.ts"
import * as Philox from "./Philox.ts"

export class InvalidDistribution extends Schema.TaggedError<InvalidDistribution>()("InvalidDistribution", {
  reason: Schema.String
}) {
  override get message() {
    return `Cannot draw random numbers: ${this.reason}.`
  }
}

/**
 * Draws uniform numbers in [0, 1), multiples of 2^-23. **Law**: bit for bit TensorFlow's `StatelessRandomUniform` (float32) with the int32
 * seed `[hi, lo]` (test/unit/Tensor/philox.json, recorded from TensorFlow). **Shapes**: as asked.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Random } from "regimen/nn"
 *
 * const { data } = Random.uniform({ hi: 1, lo: 2 }, [2])
 * assert.deepEqual([...data], [0.8440604209899902, 0.19204533100128174])
 * ```
 */
export const uniform = (key: Key, shape: ReadonlyArray<number>): HostTensor => ({
  dtype: "float32",
  shape,
  data: uniforms(key, sizeOf(shape))
})

/** Draws from the standard normal distribution: Box-Muller on pairs of 32-bit words, in float64. **Unit**: standard deviations; |z| < 6.7. */
export const normal = (key: Key, shape: ReadonlyArray<number>): HostTensor => {
  const data = new Float32Array(sizeOf(shape))
  fillNormals(data, wordsOf(key, data.length + (data.length % 2)))
  return { dtype: "float32", shape, data }
}

/**
 * Draws from the standard normal distribution truncated at two standard deviations: numbers outside are drawn again.
 * The result has standard deviation 0.8796, as TensorFlow's and PyTorch's.
 */
export const truncatedNormal = (key: Key, shape: ReadonlyArray<number>): HostTensor => {
  const data = new Float32Array(sizeOf(shape))
  const batch = new Float32Array(1024)
  const words = new Uint32Array(batch.length)
  const stream = streamOf(key)
  for (let filled = 0, block = 0; filled < data.length; block += words.length / 4) {
    fillNormals(batch, Philox.fill(words, stream, block))
    for (let i = 0; i < batch.length && filled < data.length; i++) if (Math.abs(batch[i]!) <= 2) data[filled++] = batch[i]!
  }
  return { dtype: "float32", shape, data }
}

/** Draws true with a probability: a mask of 0 and 1, dtype bool. An element is true where `uniform(key, shape)` is below `probability`. */
export const bernoulli = (key: Key, probability: number, shape: ReadonlyArray<number>): HostTensor => {
  if (!(probability >= 0 && probability <= 1)) throw new InvalidDistribution({ reason: `${probability} is not a probability` })
  const words = wordsOf(key, sizeOf(shape))
  // A word's low 23 bits are its uniform number.
  const below = probability * 0x800000
  const data = new Uint8Array(words.length)
  for (let i = 0; i < words.length; i++) data[i] = (words[i]! & 0x7fffff) < below ? 1 : 0
  return { dtype: "bool", shape, data }
}

/** Draws a permutation of 0 ... n - 1 (Fisher-Yates on 53-bit fractions). */
export const permutation = (key: Key, n: number): Int32Array => {
  if (!Number.isInteger(n) || n < 0 || n > 0x7fffffff)
    throw new InvalidDistribution({ reason: `expected 0 to 2^31 - 1 elements for a permutation, but got ${n}` })
  const order = Int32Array.from({ length: n }, (_, i) => i)
  const words = wordsOf(key, 2 * n)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(fraction53(words[2 * i]!, words[2 * i + 1]!) * (i + 1))
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
  return order
}

/**
 * Draws one class from each row of unnormalised log-probabilities (`-Infinity` never), by the inverse of the cumulated distribution in float64.
 * **Shapes**: `logits` `[...rows, classes]`, result `[...rows]`, int32. **Errors**: throws `InvalidDistribution` when a row has a NaN, `+Infinity`, or no class.
 */
export const categorical = (key: Key, logits: HostTensor): HostTensor => {
  const classes = logits.shape.at(-1) ?? 0
  const shape = logits.shape.slice(0, -1)
  const rows = sizeOf(shape)
  const words = wordsOf(key, 2 * rows)
  const data = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    const weights = Array.from(logits.data.subarray(row * classes, (row + 1) * classes))
    const top = weights.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
    if (!Number.isFinite(top)) throw new InvalidDistribution({ reason: `row ${row} of the logits has its maximum at ${top}` })
    const exponentials = weights.map((weight) => Math.exp(weight - top))
    const threshold = fraction53(words[2 * row]!, words[2 * row + 1]!) * exponentials.reduce((a, b) => a + b, 0)
    data[row] = inverse(exponentials, threshold)
  }
  return { dtype: "int32", shape, data }
}

/** Returns the first class whose cumulated weight exceeds the threshold, or the last possible one if rounding leaves none. */
const inverse = (weights: ReadonlyArray<number>, threshold: number): number => {
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    sum += weight
    if (sum > threshold) return i
  }
  return weights.findLastIndex((weight) => weight > 0)
}

const uniforms = (key: Key, n: number): Float32Array => {
  const words = wordsOf(key, n)
  // In place: each word becomes its number.
  const data = new Float32Array(words.buffer)
  for (let i = 0; i < n; i++) data[i] = (words[i]! & 0x7fffff) * 2 ** -23
  return data
}

/**
 * Box-Muller: the first word in (0, 1], so that the logarithm is finite, the second a turn in [0, 1). Sine and cosine come from one reduction to an
 * eighth of a turn, exact since a turn is 2^32, by fdlibm's polynomials: half the time of two calls, and the same bits whatever the engine's are.
 */
const fillNormals = (data: Float32Array, words: Uint32Array): void => {
  for (let i = 0; i < data.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((words[i]! + 1) * 2 ** -32))
    const turn = words[i + 1]!
    const quarter = (turn + 0x20000000) >>> 30
    const x = ((turn - quarter * 0x40000000) | 0) * radians
    const z = x * x
    const sin = x + x * z * (s1 + z * (s2 + z * (s3 + z * (s4 + z * (s5 + z * s6)))))
    const cos = 1 - z / 2 + z * z * (c1 + z * (c2 + z * (c3 + z * (c4 + z * (c5 + z * c6)))))
    const across = (quarter & 1) === 1
    data[i] = radius * (quarter === 1 || quarter === 2 ? -1 : 1) * (across ? sin : cos)
    data[i + 1] = radius * (quarter >= 2 ? -1 : 1) * (across ? cos : sin)
  }
}

const radians = 2 * Math.PI * 2 ** -32
const [s1, s2, s3] = [-0.16666666666666632, 8.33333333332249e-3, -1.984126982985795e-4]
const [s4, s5, s6] = [2.7557313707070068e-6, -2.5050760253406863e-8, 1.58969099521155e-10]
const [c1, c2, c3] = [0.0416666666666666, -1.388888888887411e-3, 2.480158728947673e-5]
const [c4, c5, c6] = [-2.7557314351390663e-7, 2.087572321298175e-9, -1.1359647557788195e-11]

const fraction53 = (high: number, low: number): number => ((high >>> 5) * 0x4000000 + (low >>> 6)) * 2 ** -53

const wordsOf = (key: Key, n: number): Uint32Array => Philox.fill(new Uint32Array(n), streamOf(key))

/**
 * The stream of a key: TensorFlow scrambles a seed by one block before it uses it. A seed's words are sign-extended to 64 bits.
 */
export const streamOf = ({ hi, lo }: Key): Philox.Stream => {
  const scrambled = Philox.block([hi >>> 0, signOf(hi), lo >>> 0, signOf(lo)], [0x3ec8f720, 0x02461e29])
  return { key: [scrambled[0], scrambled[1]], high: [scrambled[2], scrambled[3]] }
}

const signOf = (word: number): number => ((word | 0) < 0 ? 0xffffffff : 0)
