/** Pooling of images `[batch, height, width, channels]`, and the way from images to rows. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"

/**
 * Takes the largest value of each square window; the stride defaults to the window's side. **Unit**: pixels.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Pool } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const image = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1])
 * assert.equal(Pool.max(image, 2).dataSync()[0], 4)
 * assert.deepEqual(Pool.flatten(image).shape, [1, 4])
 * ```
 */
export const max = (x: Tensor, size: number, { stride = size, padding = "valid" }: Options = {}): Tensor =>
  tf.maxPool(x as tf.Tensor4D, size, stride, padding)

/** Takes the mean of each square window; the stride defaults to the window's side. **Unit**: pixels. */
export const mean = (x: Tensor, size: number, { stride = size, padding = "valid" }: Options = {}): Tensor =>
  tf.avgPool(x as tf.Tensor4D, size, stride, padding)

/** Makes one row of each element of a batch. **Shapes**: `[batch, ...]` to `[batch, size]`. */
export const flatten = (x: Tensor): Tensor => tf.reshape(x, [x.shape[0] ?? 1, -1])

export interface Options {
  readonly stride?: number
  readonly padding?: "same" | "valid" | number
}
