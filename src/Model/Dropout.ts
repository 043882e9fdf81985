/** Dropout as a layer: keyed by the micro-batch and its place in the model, and inactive outside training. */
import { dropout } from "../Tensor/Dropout.ts"
import * as Key from "../Tensor/Key.ts"
import type { Tensor } from "../Tensor/Tensor.ts"
import type { Context } from "./Model.ts"

/**
 * Sets elements to zero with probability `rate` while training, and scales the others up. Two sites of one name drop the same elements.
 *
 * **Errors**: throws `InvalidRate`.
 *
 * **Source**: Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Dropout, Key } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const x = tf.ones([4])
 * const context = { training: false, key: Key.make(0), buffers: {} }
 * assert.equal(Dropout.apply(context, "hidden", x, 0.5), x)
 * ```
 */
export const apply = (context: Context, site: string, x: Tensor, rate: number): Tensor =>
  context.training ? dropout(x, rate, Key.fold(context.key, site)) : x
