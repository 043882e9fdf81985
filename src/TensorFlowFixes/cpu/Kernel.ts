/** What the kernels of this folder are written with. */
import * as tf from "@tensorflow/tfjs-core"

/** Replaces a kernel of the cpu backend by a function of it. */
export const amend = (kernelName: string, amended: (stock: tf.KernelFunc) => tf.KernelFunc): void => {
  const stock = tf.getKernel(kernelName, "cpu")
  tf.unregisterKernel(kernelName, "cpu")
  tf.registerKernel({ ...stock, kernelFunc: amended(stock.kernelFunc) })
}
