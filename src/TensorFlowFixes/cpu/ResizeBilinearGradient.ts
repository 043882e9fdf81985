/**
 * Gives the gradient of `resizeBilinear` the shape of its input.
 *
 * **Fault**: height and width are swapped in the shape of the result.
 * **Upstream**: no issue known; search tensorflow/tfjs for "ResizeBilinearGrad shape height width cpu".
 * **Remove when**: "cpu/ResizeBilinearGradient" of test/contract/Upstream.test.ts fails.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { amend } from "./Kernel.ts"

export const install = (): void => amend("ResizeBilinearGrad", resizeBilinearGrad)

const resizeBilinearGrad =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  (call) => ({ ...(stock(call) as tf.TensorInfo), shape: [...call.inputs.images!.shape] })
