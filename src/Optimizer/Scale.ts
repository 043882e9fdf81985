/** From a direction to a step: the learning rate, and the sign that makes it a descent. */
import { type Tensors, tf } from "../Tensor/Tensor.ts"
import type { Transformation } from "./Transformation.ts"

/** Multiplies by minus the learning rate: the last link of an optimizer. */
export const byLearningRate: Transformation = {
  name: "learning_rate",
  init: () => ({}),
  scalars: ({ learningRate }) => ({ negative: -learningRate }),
  update: ({ gradients, scalars }) => ({ updates: each(gradients, scalars.negative!), slots: {} })
}

const each = (tensors: Tensors, factor: Tensors[string]): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([path, tensor]) => [path, tf.mul(tensor, factor)]))
