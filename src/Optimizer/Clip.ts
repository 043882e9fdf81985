/** Clipping: bounds on gradients, as one vector or each number by itself. */
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { stateless, type Transformation } from "./Transformation.ts"

/**
 * Scales all gradients down together, so that their global norm is at most about `max`.
 *
 * **Source**: Pascanu et al. 2013, https://arxiv.org/abs/1211.5063; PyTorch's `clip_grad_norm_`; `max_grad_norm`.
 *
 * @example
 * ```ts
 * import { Clip, Transformation } from "regimen"
 * import assert from "node:assert/strict"
 *
 * assert.equal(Transformation.chain(Clip.byGlobalNorm(1)).links?.[0]?.name, "clip_norm")
 * ```
 */
export const byGlobalNorm = (max: number): Transformation =>
  stateless("clip_norm", (gradients) => scaled(gradients, coefficient(globalNorm(gradients), max)))

/** Bounds every number of every gradient to `[-max, max]`. **Source**: PyTorch's `clip_grad_value_`. */
export const byValue = (max: number): Transformation =>
  stateless("clip_value", (gradients) =>
    Object.fromEntries(Object.entries(gradients).map(([path, gradient]) => [path, tf.clipByValue(gradient, -max, max)]))
  )

/** Computes the L2 norm of all tensors as one vector. **Shapes**: scalar. */
export const globalNorm = (tensors: Tensors): Tensor => {
  const squares = Object.values(tensors).map((tensor) => tf.sum(tf.square(tensor)))
  return squares.length === 0 ? tf.scalar(0) : tf.sqrt(tf.addN(squares))
}

/** Computes what gradients of this norm are multiplied by: `max / (norm + 1e-6)`, at most 1. A norm that is NaN stays visible. **Shapes**: scalar. */
export const coefficient = (norm: Tensor, max: number): Tensor => tf.minimum(tf.div(max, tf.add(norm, 1e-6)), 1)

const scaled = (tensors: Tensors, factor: Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([path, tensor]) => [path, tf.mul(tensor, factor)]))
