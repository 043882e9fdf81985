/** Initializers of parameters: functions from a key and a shape to a host tensor. */

import * as Host from "./HostTensor.ts"
import { type HostTensor, sizeOf } from "./HostTensor.ts"
import type { Key } from "./Key.ts"
import * as Random from "./Random.ts"

export type Init = (key: Key, shape: ReadonlyArray<number>) => HostTensor

/**
 * The number that the variance is scaled by: the inputs to a unit, its outputs, or their mean.
 * **Shapes**: a weight is `[...receptive field, inputs, outputs]`, as TensorFlow's dense and convolution weights are.
 */
export type Fan = "in" | "out" | "average"

/** **Unit**: `inputs` and `outputs` in weights a unit. */
export interface Fans {
  readonly inputs: number
  readonly outputs: number
}

export const zeros: Init = (_, shape) => Host.zeros(shape)

export const ones: Init = (_, shape) => Host.ones(shape)

/** Fills with one value. */
export const constant =
  (value: number): Init =>
  (_, shape) =>
    Host.full(shape, value)

/** Draws from a normal distribution. */
export const normal =
  ({ mean = 0, stddev = 1 }: { readonly mean?: number; readonly stddev?: number } = {}): Init =>
  (key, shape) =>
    affine(Random.normal(key, shape), stddev, mean)

/** Draws from a normal distribution truncated at two standard deviations; `stddev` is that of the untruncated one. */
export const truncatedNormal =
  ({ mean = 0, stddev = 1 }: { readonly mean?: number; readonly stddev?: number } = {}): Init =>
  (key, shape) =>
    affine(Random.truncatedNormal(key, shape), stddev, mean)

/** Draws from [low, high). */
export const uniform =
  (low: number, high: number): Init =>
  (key, shape) =>
    affine(Random.uniform(key, shape), high - low, low)

/**
 * Scales a distribution so that its variance is `scale / fan`. **Source**: TensorFlow's `VarianceScaling`; its names are the six below.
 * A vector has as many inputs as outputs: its length.
 */
export const varianceScaling =
  ({
    scale,
    fan,
    distribution
  }: {
    readonly scale: number
    readonly fan: Fan
    readonly distribution: "normal" | "uniform"
  }): Init =>
  (key, shape) => {
    const { inputs, outputs } = fansOf(shape)
    const count = { in: inputs, out: outputs, average: (inputs + outputs) / 2 }[fan]
    const variance = scale / Math.max(1, count)
    if (distribution === "normal") return truncatedNormal({ stddev: Math.sqrt(variance) / stddevOfTruncated })(key, shape)
    const limit = Math.sqrt(3 * variance)
    return uniform(-limit, limit)(key, shape)
  }

/**
 * Draws from Xavier's uniform distribution.
 *
 * **Source**: Glorot and Bengio (2010).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Init, Key } from "regimen/nn"
 *
 * const { data } = Init.glorotUniform(Key.make(0), [784, 128])
 * assert.ok(data.every((weight) => Math.abs(weight) <= Math.sqrt(6 / (784 + 128))))
 * ```
 */
export const glorotUniform: Init = varianceScaling({ scale: 1, fan: "average", distribution: "uniform" })
export const glorotNormal: Init = varianceScaling({ scale: 1, fan: "average", distribution: "normal" })

/** Draws from Kaiming's uniform distribution, for layers before a ReLU. **Source**: He et al. (2015). */
export const heUniform: Init = varianceScaling({ scale: 2, fan: "in", distribution: "uniform" })
export const heNormal: Init = varianceScaling({ scale: 2, fan: "in", distribution: "normal" })

/** **Source**: LeCun et al. (1998). */
export const lecunUniform: Init = varianceScaling({ scale: 1, fan: "in", distribution: "uniform" })
export const lecunNormal: Init = varianceScaling({ scale: 1, fan: "in", distribution: "normal" })

/** Counts the inputs and outputs of a weight. */
export const fansOf = (shape: ReadonlyArray<number>): Fans => {
  const inputs = shape.at(-2) ?? shape.at(-1) ?? 1
  const outputs = shape.at(-1) ?? 1
  const field = sizeOf(shape.slice(0, -2))
  return { inputs: inputs * field, outputs: outputs * field }
}

/** Of the standard normal distribution truncated at +-2. */
const stddevOfTruncated = 0.87962566103423978

const affine = ({ dtype, shape, data }: HostTensor, factor: number, offset: number): HostTensor => ({
  dtype,
  shape,
  data: (data as Float32Array).map((value) => value * factor + offset)
})
