/**
 * Replaces the gradient of `cumsum` by the cumulative sum in the other direction.
 *
 * **Fault**: along an axis that is not the last one, the result's axes are permuted wrongly.
 * **Upstream**: no issue known; search tensorflow/tfjs for "cumsum gradient axis permutation" (pull request #3638 mended the forward operation).
 * **Remove when**: "gradients/Cumsum" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { amend, type GradFunc } from "./GradientHelpers.ts"

export const install = (): void => amend("Cumsum", () => cumsum)

const cumsum: GradFunc = (dy, _, attrs) => {
  const { axis, exclusive, reverse } = attrs as unknown as tf.CumsumAttrs
  return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) }
}
