/** Normalisation over the last axis by the root mean square: no mean is taken away and there is no bias. */
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { parameter } from "./Model.ts"

/**
 * Applies the layer at `path`: `x / sqrt(mean(x^2) + epsilon) * weight`.
 *
 * **Shapes**: as `x`.
 *
 * **Errors**: throws `MissingField`.
 *
 * **Source**: Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467; T5's and Llama's layer norm. The gradient is computed in closed form.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { RmsNorm } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const y = RmsNorm.apply({ "norm.weight": tf.ones([2]) }, "norm", tf.tensor2d([[1, 7]]))
 * assert.ok(Math.abs(y.dataSync()[0]! - 0.2) < 1e-5)
 * ```
 */
export const apply = (
  parameters: Tensors,
  path: string,
  x: Tensor,
  { epsilon = 1e-6 }: { readonly epsilon?: number } = {}
): Tensor => {
  const rows = tf.reshape(x, [-1, x.shape.at(-1) ?? 1])
  return tf.reshape(tf.mul(normalise(rows, epsilon), parameter(parameters, `${path}.weight`)), x.shape)
}

/** With `y = x r`, the gradient is `r (dy - y mean(dy y))`. */
const normalise = (rows: Tensor, epsilon: number): Tensor =>
  tf.customGrad((x, save) => {
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x as Tensor), -1, true), epsilon))
    const value = tf.mul(x as Tensor, scale)
    ;(save as (tensors: ReadonlyArray<Tensor>) => void)([value, scale])
    return {
      value,
      gradFunc: (slope: Tensor, saved: Array<Tensor>) => {
        const [y, r] = saved as [Tensor, Tensor]
        return tf.mul(r, tf.sub(slope, tf.mul(y, tf.mean(tf.mul(slope, y), -1, true))))
      }
    }
  })(rows)
