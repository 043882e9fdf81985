/**
 * Registers the gradients of `gatherND`, `scatterND` and `tensorScatterUpdate`.
 *
 * **Fault**: there are none.
 * **Upstream**: tensorflow/tfjs#1795 for `gatherND` (closed without a fix); for the others search tensorflow/tfjs for "gradient function not found
 * for ScatterNd".
 * **Remove when**: "gradients/Indexing" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { GradFunc } from "./GradientHelpers.ts"

export const install = (): void => {
  tf.registerGradient({ kernelName: "GatherNd", inputsToSave: ["params", "indices"], gradFunc: gatherNd })
  tf.registerGradient({ kernelName: "ScatterNd", inputsToSave: ["indices"], gradFunc: scatterNd })
  tf.registerGradient({ kernelName: "TensorScatterUpdate", inputsToSave: ["indices"], gradFunc: tensorScatterUpdate })
}

const gatherNd: GradFunc = (dy, saved) => {
  const [params, indices] = saved as [tf.Tensor, tf.Tensor]
  return {
    params: () => tf.scatterND(indices, dy as tf.Tensor, params.shape as [number]),
    indices: () => tf.zerosLike(indices)
  }
}

const scatterNd: GradFunc = (dy, saved) => {
  const [indices] = saved as [tf.Tensor]
  return { updates: () => tf.gatherND(dy as tf.Tensor, indices), indices: () => tf.zerosLike(indices) }
}

/** Of several updates to one element, each gets its gradient. */
const tensorScatterUpdate: GradFunc = (dy, saved) => {
  const [indices] = saved as [tf.Tensor]
  const updates = () => tf.gatherND(dy as tf.Tensor, indices)
  return {
    tensor: () => tf.tensorScatterUpdate(dy as tf.Tensor, indices, tf.zerosLike(updates())),
    indices: () => tf.zerosLike(indices),
    updates
  }
}
