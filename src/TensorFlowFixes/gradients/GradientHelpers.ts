/** What the gradients of this folder are written with. */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"

export type GradFunc = tf.GradConfig["gradFunc"]

/** Replaces a registered gradient by a function of it. */
export const amend = (kernelName: string, amended: (stock: GradFunc) => GradFunc): void => {
  const stock = tf.getGradient(kernelName)
  tf.unregisterGradient(kernelName)
  tf.registerGradient({ ...stock, gradFunc: amended(stock.gradFunc) })
}

/** Sums the gradients `a` and `b` of a binary operation over the axes that the inputs were broadcast along. */
export const sumBroadcast =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const gradients = stock(dy, saved, attrs)
    return { a: () => sumTo(gradients.a!(), a.shape), b: () => sumTo(gradients.b!(), b.shape) }
  }

const sumTo = (x: tf.Tensor, shape: ReadonlyArray<number>): tf.Tensor => {
  const axes = tf.broadcast_util.getReductionAxes([...shape], x.shape)
  return tf.reshape(axes.length === 0 ? x : tf.sum(x, axes), [...shape])
}

/** Returns the index of each element in the flat tensor, in the tensor's shape. */
export const flatIndices = (shape: ReadonlyArray<number>): tf.Tensor =>
  tf.reshape(tf.range(0, sizeOf(shape), 1, "int32"), [...shape])

/** Adds elements to zeros of `shape`, each at its index in the flat tensor. */
export const scatterAdd = (elements: tf.Tensor, indices: tf.Tensor, shape: ReadonlyArray<number>): tf.Tensor => {
  const ids = tf.reshape(indices, [-1]) as tf.Tensor1D
  return tf.reshape(tf.unsortedSegmentSum(tf.reshape(elements, [-1]), ids, sizeOf(shape)), [...shape])
}
