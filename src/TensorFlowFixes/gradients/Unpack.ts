/**
 * Amends the gradient of `unstack` for an axis of length 1.
 *
 * **Fault**: it expects an array of gradients and gets a single tensor, and throws.
 * **Upstream**: no issue known; search tensorflow/tfjs for "unstack gradient single output Unpack".
 * **Remove when**: "gradients/Unpack" of test/contract/Upstream.test.ts fails.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { amend, type GradFunc } from "./GradientHelpers.ts"

export const install = (): void => amend("Unpack", unpack)

const unpack =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) =>
    stock([dy].flat() as Array<tf.Tensor>, saved, attrs)
