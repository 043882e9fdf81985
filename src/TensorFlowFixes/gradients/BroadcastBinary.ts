/**
 * Sums the gradients of `maximum`, `minimum` and `squaredDifference` over broadcast axes.
 *
 * **Fault**: the gradient of a broadcast input has the output's shape, and the engine throws.
 * **Upstream**: no issue known; search tensorflow/tfjs for "gradient maximum broadcast shape does not match the shape of the input".
 * **Remove when**: "gradients/BroadcastBinary" of test/contract/Upstream.test.ts fails.
 */
import { amend, sumBroadcast } from "./GradientHelpers.ts"

export const install = (): void => {
  for (const kernelName of ["Maximum", "Minimum", "SquaredDifference"]) amend(kernelName, sumBroadcast)
}
