/** The random numbers of TensorFlow.js's layers, which draw them unseeded, as functions of a key. */
import { dropout } from "../../Tensor/Dropout.ts"
import * as HostTensor from "../../Tensor/HostTensor.ts"
import * as Key from "../../Tensor/Key.ts"
import * as Random from "../../Tensor/Random.ts"
import { type Tensor, tf } from "../../Tensor/Tensor.ts"
import type { Layer, Part } from "./LayerTree.ts"
import type { Replacement } from "./WithProperties.ts"

/** Replaces a layer's noise by keyed noise. A layer that is used twice draws different numbers. */
export const keyed =
  (key: Key.Key) =>
  ({ name, layer }: Part): ReadonlyArray<Replacement> => {
    const site = Key.fold(key, name)
    let draws = 0
    const next = () => Key.fold(site, draws++)
    if (isRecurrent(layer))
      return [{ object: layer, properties: { dropoutFunc: (x: Tensor, rate: number) => dropout(x, rate, next()) } }]
    const noise = noises[layer.getClassName()]
    if (noise === undefined) return []
    const call: Layer["call"] = (inputs) => noise(layer, [inputs].flat()[0]!, next())
    return [{ object: layer, properties: { call } }]
  }

/** Returns whether a layer draws random numbers that no key reaches. */
export const isUnkeyed = (layer: Layer): boolean => "randomGenerator" in layer

/** Frees the masks that a recurrent layer keeps from one pass to the next. */
export const forget = ({ layer }: Part): void => {
  if (!isRecurrent(layer)) return
  for (const field of ["dropoutMask", "recurrentDropoutMask"]) {
    tf.dispose(Reflect.get(layer, field))
    Reflect.set(layer, field, null)
  }
}

const isRecurrent = (layer: Layer): boolean => "dropoutMask" in layer

/** What the layers that draw have beside what all have. */
interface Drawing extends Layer {
  readonly rate?: number
  readonly stddev?: number
  readonly noiseShape?: ReadonlyArray<number>
  readonly getNoiseShape?: (x: Tensor) => ReadonlyArray<number> | null | undefined
}

type Noise = (layer: Drawing, x: Tensor, key: Key.Key) => Tensor

const dropped: Noise = (layer, x, key) => {
  const { rate = 0 } = layer
  const shape = layer.getNoiseShape?.(x) ?? x.shape
  return rate > 0 && rate < 1 ? tf.mul(x, dropout(tf.ones([...shape]), rate, key)) : x
}

const normal = (shape: ReadonlyArray<number>, key: Key.Key): Tensor =>
  HostTensor.toDevice({ drawn: Random.normal(key, shape) }).drawn!

/** By the layer's class. */
const noises: Readonly<Record<string, Noise>> = {
  Dropout: dropped,
  SpatialDropout1D: dropped,
  GaussianNoise: ({ stddev = 0 }, x, key) => tf.add(x, tf.mul(normal(x.shape, key), stddev)),
  GaussianDropout: ({ rate = 0 }, x, key) =>
    rate > 0 && rate < 1 ? tf.mul(x, tf.add(tf.mul(normal(x.shape, key), Math.sqrt(rate / (1 - rate))), 1)) : x,
  /** **Source**: Klambauer et al. 2017, https://arxiv.org/abs/1706.02515: what is dropped is set to SELU's lower end, which TensorFlow.js takes with the wrong sign. */
  AlphaDropout: ({ noiseShape, rate = 0 }, x, key) => {
    if (!(rate > 0 && rate < 1)) return x
    const { drops } = HostTensor.toDevice({ drops: Random.bernoulli(key, rate, noiseShape ?? x.shape) })
    const scale = ((1 - rate) * (1 + rate * lowest ** 2)) ** -0.5
    const drop = tf.cast(drops!, "float32")
    return tf.add(tf.mul(tf.add(tf.mul(x, tf.sub(1, drop)), tf.mul(drop, lowest)), scale), -scale * lowest * rate)
  }
}

/** The limit of SELU towards minus infinity. */
const lowest = -1.7580993408473766
