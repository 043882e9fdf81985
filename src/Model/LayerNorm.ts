/** Layer normalisation over the last axis. */
import * as FusedKernel from "../Tensor/FusedKernel.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { parameter } from "./Model.ts"
import type { Initializer } from "./Parameters.ts"

/** Makes `weight` (ones) and `bias` (zeros). */
export const init =
  (dimensions: number): Initializer =>
  () => ({ weight: HostTensor.ones([dimensions]), bias: HostTensor.zeros([dimensions]) })

/**
 * Applies the layer at `path`: `(x - mean) / sqrt(variance + epsilon) * weight + bias`.
 *
 * **Shapes**: as `x`.
 *
 * **Errors**: throws `MissingField`.
 *
 * **Source**: Ba et al. 2016, https://arxiv.org/abs/1607.06450. The gradient is computed in closed form.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { LayerNorm } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const y = LayerNorm.apply({ "norm.weight": tf.ones([2]), "norm.bias": tf.zeros([2]) }, "norm", tf.tensor2d([[3, 5]]))
 * assert.ok(Math.abs(y.dataSync()[0]! + 1) < 1e-4)
 * ```
 */
export const apply = (
  parameters: Tensors,
  path: string,
  x: Tensor,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {}
): Tensor => {
  const weight = parameter(parameters, `${path}.weight`)
  const bias = parameter(parameters, `${path}.bias`)
  const rows = tf.reshape(x, [-1, x.shape.at(-1) ?? 1])
  const y = FusedKernel.has("LayerNorm", x, weight, bias)
    ? fused(rows, weight, bias, epsilon)
    : tf.add(tf.mul(normalise(rows, epsilon), weight), bias)
  return tf.reshape(y, x.shape)
}

const fused = (rows: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor =>
  tf.customGrad((x, weight, bias, save) => {
    const inputs = { x: x as Tensor, weight: weight as Tensor, bias: bias as Tensor }
    const [value, normal, scale] = FusedKernel.run("LayerNorm", inputs, { epsilon })
    ;(save as (tensors: ReadonlyArray<Tensor>) => void)([inputs.weight, normal, scale])
    return {
      value,
      gradFunc: (dy: Tensor, saved: Array<Tensor>) => {
        const [weight, normal, scale] = saved as [Tensor, Tensor, Tensor]
        return FusedKernel.run("LayerNormGradient", { dy, weight, normal, scale })
      }
    }
  })(rows, weight, bias)

/** With `y = (x - mean) r`, the gradient is `r (dy - mean(dy) - y mean(dy y))`. */
const normalise = (rows: Tensor, epsilon: number): Tensor =>
  tf.customGrad((x, save) => {
    const centred = tf.sub(x as Tensor, tf.mean(x as Tensor, -1, true))
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon))
    const value = tf.mul(centred, scale)
    ;(save as (tensors: ReadonlyArray<Tensor>) => void)([value, scale])
    return {
      value,
      gradFunc: (slope: Tensor, saved: Array<Tensor>) => {
        const [y, r] = saved as [Tensor, Tensor]
        const along = tf.mul(y, tf.mean(tf.mul(slope, y), -1, true))
        return tf.mul(r, tf.sub(tf.sub(slope, tf.mean(slope, -1, true)), along))
      }
    }
  })(rows)
