/** Gaussian noise as a layer: keyed by the micro-batch and its place in the model, and inactive outside training. */
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import type { Context } from "./Model.ts"

/**
 * Adds normal noise of standard deviation `stddev` while training. Two sites of one name add the same noise.
 *
 * **Unit**: `stddev` in units of `x`.
 *
 * **Law**: equal keys add equal bits, on every device.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { GaussianNoise, Key } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const context = { training: true, key: Key.make(0), buffers: {} }
 * const noise = () => GaussianNoise.apply(context, "input", tf.zeros([4]), 0.1).dataSync()
 * assert.deepEqual(noise(), noise())
 * ```
 */
export const apply = (context: Context, site: string, x: Tensor, stddev: number): Tensor =>
  context.training && stddev !== 0
    ? tf.add(x, tf.mul(HostTensor.toDevice({ noise: Random.normal(Key.fold(context.key, site), x.shape) }).noise!, stddev))
    : x
