/** Tensors on the device: TensorFlow.js, which the rest of the project imports from here. */
import * as tf from "@tensorflow/tfjs-core"

export { tf }

export type Tensor = tf.Tensor

/** Tensors by dotted path (`encoder.layer.0.attention.self.query.weight`): parameters, buffers, slots, batches and outputs. */
export type Tensors = Readonly<Record<string, tf.Tensor>>
