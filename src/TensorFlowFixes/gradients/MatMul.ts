/**
 * Sums the gradient of `matMul` over broadcast batches, and computes that of one matrix shared by a batch as a single product.
 *
 * **Fault**: the gradient of a broadcast input has the output's batch, and the engine throws.
 * **Upstream**: tensorflow/tfjs#8721, pull request #8722 (open). The single product is ours: summing a product per batch element is slower.
 * **Remove when**: "gradients/MatMul" of test/contract/Upstream.test.ts fails, and bench/wasm-transformer.ts is no slower without it.
 */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"
import { amend, type GradFunc, sumBroadcast } from "./GradientHelpers.ts"

export const install = (): void => amend("BatchMatMul", matMul)

const matMul =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const gradients = sumBroadcast(stock)(dy, saved, attrs)
    if (attrs.transposeA === true || sizeOf(b.shape.slice(0, -2)) > 1 || sizeOf(a.shape.slice(0, -2)) === 1) return gradients
    // The batch is more rows of one matrix.
    const rows = (x: tf.Tensor) => tf.reshape(x, [-1, x.shape.at(-1)!])
    const [x, dz] = [rows(a), rows(dy as tf.Tensor)]
    return {
      a: gradients.a!,
      b: () => tf.reshape(attrs.transposeB === true ? tf.matMul(dz, x, true) : tf.matMul(x, dz, true), b.shape)
    }
  }
