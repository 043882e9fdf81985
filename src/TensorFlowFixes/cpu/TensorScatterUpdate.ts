/**
 * Copies the input of `tensorScatterUpdate` before it is updated.
 *
 * **Fault**: the kernel writes into its input.
 * **Upstream**: no issue known; search tensorflow/tfjs for "tensorScatterUpdate modifies input" (added by pull request #7189).
 * **Remove when**: "cpu/TensorScatterUpdate" of test/contract/Upstream.test.ts fails.
 */
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu"
import type * as tf from "@tensorflow/tfjs-core"
import { amend } from "./Kernel.ts"

export const install = (): void => amend("TensorScatterUpdate", tensorScatterUpdate)

const tensorScatterUpdate =
  (stock: tf.KernelFunc): tf.KernelFunc =>
  ({ inputs, attrs, backend }) => {
    const cpu = backend as MathBackendCPU
    const { tensor } = inputs as { tensor: tf.TensorInfo }
    const copy = cpu.makeTensorInfo(tensor.shape, tensor.dtype, (cpu.readSync(tensor.dataId) as Float32Array).slice())
    try {
      return stock({ inputs: { ...inputs, tensor: copy }, backend, ...(attrs === undefined ? {} : { attrs }) })
    } finally {
      cpu.disposeData(copy.dataId, true)
    }
  }
