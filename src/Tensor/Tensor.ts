/** Tensors on the device: TensorFlow.js's, under the one import that the project has of it. */
import * as tf from "@tensorflow/tfjs-core"

export { tf }

export type Tensor = tf.Tensor

/** Tensors by dotted path (`encoder.layer.0.attention.self.query.weight`): parameters, buffers, slots, batches and outputs alike. */
export type Tensors = Readonly<Record<string, tf.Tensor>>
