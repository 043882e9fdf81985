/** Gradient clipping, by the global norm, by value or by root mean square. */
import * as FusedKernel from "../Tensor/FusedKernel.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { rms } from "./Scale.ts"
import { stateless, type Transformation } from "./Transformation.ts"

/**
 * Scales all gradients down together, so that their global norm is at most about `max`.
 *
 * **Source**: Pascanu et al. 2013, https://arxiv.org/abs/1211.5063; PyTorch's `clip_grad_norm_`; `max_grad_norm`.
 *
 * @example
 * ```ts
 * import { Clip, Transformation } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * assert.equal(Transformation.chain(Clip.byGlobalNorm(1)).links?.[0]?.name, "clip_norm")
 * ```
 */
export const byGlobalNorm = (max: number): Transformation =>
  stateless("clip_norm", (gradients) => {
    const factor = coefficient(globalNorm(gradients), max)
    return Tree.map(gradients, (gradient) => tf.mul(gradient, factor))
  })

/** Bounds every number of every gradient to `[-max, max]`; NaN stays NaN (which `tf.clipByValue` does not promise). **Source**: PyTorch's `clip_grad_value_`. */
export const byValue = (max: number): Transformation =>
  stateless("clip_value", (gradients) => Tree.map(gradients, (gradient) => tf.minimum(tf.maximum(gradient, -max), max)))

/** Scales each tensor down by itself, so that the root of its mean square is at most `max`. **Source**: Adafactor's update clipping, https://arxiv.org/abs/1804.04235. */
export const byRms = (max: number): Transformation =>
  stateless("clip_rms", (gradients) =>
    Tree.map(gradients, (gradient) => tf.div(gradient, tf.maximum(tf.div(rms(gradient), max), 1)))
  )

/** Computes the L2 norm of all tensors as one vector. **Shapes**: scalar. */
export const globalNorm = (tensors: Tensors): Tensor => {
  const all = Object.values(tensors)
  if (FusedKernel.has("GlobalNorm", ...all)) return FusedKernel.run("GlobalNorm", all)[0]
  const squares = all.map((tensor) => tf.sum(tf.square(tensor)))
  return squares.length === 0 ? tf.scalar(0) : tf.sqrt(tf.addN(squares))
}

/** Computes the factor that clips gradients of this norm: `max / (norm + 1e-6)`, at most 1; NaN when the norm is. **Shapes**: scalar. */
export const coefficient = (norm: Tensor, max: number): Tensor =>
  // The order matters: on wasm, minimum(1, NaN) is 1.
  tf.minimum(tf.div(max, tf.add(norm, 1e-6)), 1)
