/** Rotary position embeddings: pairs of a query's or key's features are turned by angles that grow with its position. */
import { Schema } from "effect"
import { type Tensor, tf } from "../Tensor/Tensor.ts"

/** How positions beyond those of pretraining are reached. The names of fields are those of configs. */
export type Scaling =
  | { readonly rope_type: "default" }
  | { readonly rope_type: "linear"; readonly factor: number }
  | { readonly rope_type: "dynamic"; readonly factor: number }
  | {
      readonly rope_type: "llama3"
      readonly factor: number
      readonly low_freq_factor: number
      readonly high_freq_factor: number
      readonly original_max_position_embeddings: number
    }
  | {
      readonly rope_type: "yarn"
      readonly factor: number
      readonly original_max_position_embeddings?: number | null
      readonly attention_factor?: number | null
      readonly beta_fast?: number | null
      readonly beta_slow?: number | null
      readonly mscale?: number | null
      readonly mscale_all_dim?: number | null
      readonly truncate?: boolean
    }

export interface Options {
  /** Features of a head. */
  readonly size: number
  /** The base of the angles. */
  readonly theta: number
  /** Positions of the config. **Unit**: tokens. */
  readonly positions: number
  readonly scaling: Scaling
}

/** A config asks for a scaling of rotary embeddings that is not here, or leaves out a number of it. */
export class UnknownRope extends Schema.TaggedError<UnknownRope>()("UnknownRope", { scaling: Schema.String }) {
  override get message() {
    return `Rotary embeddings cannot be scaled by ${this.scaling}. Known are default, linear, dynamic, llama3 and yarn, each with its numbers; leave rope_scaling out to train without.`
  }
}

/**
 * Reads `rope_scaling` of a config.
 *
 * **Errors**: throws `UnknownRope`.
 */
export const scalingOf = (given: unknown): Scaling => {
  if (given === null || given === undefined) return { rope_type: "default" }
  const fields = { ...(given as Record<string, unknown>) }
  const type = String(fields.rope_type ?? fields.type ?? "default")
  const needed = Object.hasOwn(numbers, type) ? numbers[type] : undefined
  if (needed === undefined || !needed.every((field) => typeof fields[field] === "number"))
    throw new UnknownRope({ scaling: JSON.stringify(given) })
  return { ...fields, rope_type: type } as Scaling
}

/**
 * Computes the angles that each pair of features turns by a position, and what the turned features are scaled by.
 *
 * **Shapes**: `[size / 2]`. **Unit**: radians a position; in float32, as the original rounds.
 *
 * **Source**: Su et al. 2021, https://arxiv.org/abs/2104.09864; YaRN: Peng et al. 2023, https://arxiv.org/abs/2309.00071; the rest as in transformers.
 *
 * @example
 * ```ts
 * import { Rotary } from "regimen/nn"
 * import assert from "node:assert/strict"
 *
 * const { angles } = Rotary.frequencies({ size: 4, theta: 100, positions: 8, scaling: { rope_type: "default" } }, 8)
 * assert.deepEqual(Array.from(angles, (angle) => Math.round(angle * 1e6) / 1e6), [1, 0.1])
 * ```
 */
export const frequencies = (options: Options, length: number): { readonly angles: Float32Array; readonly scale: number } => {
  const { scaling } = options
  const plain = base(options)
  switch (scaling.rope_type) {
    case "default":
      return { angles: plain, scale: 1 }
    case "linear":
      return { angles: plain.map((angle) => angle / scaling.factor), scale: 1 }
    case "dynamic": {
      const reached = Math.max(length, options.positions)
      const grown = (scaling.factor * reached) / options.positions - (scaling.factor - 1)
      return { angles: base({ ...options, theta: options.theta * grown ** (options.size / (options.size - 2)) }), scale: 1 }
    }
    case "llama3":
      return { angles: plain.map((angle) => llama3(angle, scaling)), scale: 1 }
    case "yarn":
      return yarn(plain, options, scaling)
  }
}

/**
 * Makes the function that turns features by their positions; the first half of the features pairs with the second.
 *
 * **Shapes**: positions `[batch or 1, length]`; it takes `[batch, heads, length, size]`.
 */
export const rotation = (options: Options, positions: Tensor, length: number): ((x: Tensor) => Tensor) => {
  const { angles, scale } = frequencies(options, length)
  const [rows, places] = positions.shape as [number, number]
  const half = options.size / 2
  const turns = tf.mul(tf.reshape(tf.cast(positions, "float32"), [rows, 1, places, 1]), tf.tensor(angles, [1, 1, 1, half]))
  const scaled = (x: Tensor) => (scale === 1 ? x : tf.mul(x, scale))
  const [cos, sin] = [scaled(tf.cos(turns)), scaled(tf.sin(turns))]
  return (x) => {
    const [left, right] = tf.split(x, 2, -1) as [Tensor, Tensor]
    return tf.concat([tf.sub(tf.mul(left, cos), tf.mul(right, sin)), tf.add(tf.mul(right, cos), tf.mul(left, sin))], -1)
  }
}

const numbers: Readonly<Record<string, ReadonlyArray<string>>> = {
  default: [],
  linear: ["factor"],
  dynamic: ["factor"],
  llama3: ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
  yarn: ["factor"]
}

const base = ({ size, theta }: Options): Float32Array =>
  Float32Array.from({ length: size / 2 }, (_, pair) => 1 / Math.fround(theta ** Math.fround((2 * pair) / size)))

const llama3 = (angle: number, scaling: Extract<Scaling, { rope_type: "llama3" }>): number => {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = scaling
  const wavelength = (2 * Math.PI) / angle
  if (wavelength < original / high) return angle
  if (wavelength > original / low) return angle / factor
  const smooth = (original / wavelength - low) / (high - low)
  return ((1 - smooth) * angle) / factor + smooth * angle
}

const yarn = (plain: Float32Array, { size, theta, positions }: Options, scaling: Extract<Scaling, { rope_type: "yarn" }>) => {
  const { factor, truncate = true } = scaling
  // As good as absent where they are null or 0.
  const [fast, slow] = [scaling.beta_fast || 32, scaling.beta_slow || 1]
  const [mscale, allDim] = [scaling.mscale || 0, scaling.mscale_all_dim || 0]
  const original = scaling.original_max_position_embeddings ?? positions
  const pairOf = (rotations: number) => (size * Math.log(original / (rotations * 2 * Math.PI))) / (2 * Math.log(theta))
  const [from, to] = [pairOf(fast), pairOf(slow)]
  const low = Math.max(0, truncate ? Math.floor(from) : from)
  const high = Math.min(size - 1, truncate ? Math.ceil(to) : to)
  const ramp = (pair: number) => Math.min(1, Math.max(0, (pair - low) / (low === high ? 0.001 : high - low)))
  const magnitude = (by: number) => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1)
  const ratio = mscale !== 0 && allDim !== 0 ? magnitude(mscale) / magnitude(allDim) : magnitude(1)
  return {
    angles: plain.map((angle, pair) => (angle / factor) * ramp(pair) + angle * (1 - ramp(pair))),
    scale: scaling.attention_factor ?? ratio
  }
}
