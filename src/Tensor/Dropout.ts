/** Dropout with a keyed mask: the same elements are dropped on every device. */
import { Schema } from "effect"
import * as FusedKernel from "./FusedKernel.ts"
import * as HostTensor from "./HostTensor.ts"
import type { Key } from "./Key.ts"
import * as Random from "./Random.ts"
import { type Tensor, tf } from "./Tensor.ts"

export class InvalidRate extends Schema.TaggedError<InvalidRate>()("InvalidRate", { rate: Schema.Number }) {
  override get message() {
    return `Expected a dropout rate of at least 0 and less than 1, but got ${this.rate}.`
  }
}

/**
 * Sets elements to zero with probability `rate` and scales the others by `1 / (1 - rate)`, so that the expected value stays. Runs inside a tidy.
 *
 * **Law**: an element is dropped where `Random.uniform(key, shape)` is below `rate`, as in TensorFlow's stateless dropout.
 * **Errors**: throws `InvalidRate`. **Source**: Srivastava et al. (2014).
 */
export const dropout = <T extends Tensor>(x: T, rate: number, key: Key): T => {
  if (!(rate >= 0 && rate < 1)) throw new InvalidRate({ rate })
  return rate === 0 ? tf.clone(x) : tf.mul(x, mask(rate, key, x.shape))
}

/** Returns the factors: 0 or `1 / (1 - rate)`. */
const mask = (rate: number, key: Key, shape: ReadonlyArray<number>): Tensor => {
  const factor = 1 / (1 - rate)
  if (FusedKernel.has("DropoutMask")) {
    const { key: words, high } = Random.streamOf(key)
    const below = Math.ceil(rate * 0x800000)
    return FusedKernel.run("DropoutMask", {}, { shape, words: [...words, ...high], below, factor })[0]
  }
  const dropped = Random.bernoulli(key, rate, shape).data
  const factors = new Float32Array(dropped.length)
  // A plain loop: Float32Array.from with a function is forty times slower.
  for (let i = 0; i < factors.length; i++) factors[i] = dropped[i] === 1 ? 0 : factor
  return HostTensor.toDevice({ mask: { dtype: "float32", shape, data: factors } }).mask!
}
