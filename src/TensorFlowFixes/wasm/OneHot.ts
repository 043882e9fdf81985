/**
 * Replaces `oneHot`.
 *
 * **Fault**: it writes integers also where floats are asked for, so that a 1 reads as 1e-45.
 * **Upstream**: no issue known; search tensorflow/tfjs for "wasm oneHot float32".
 * **Remove when**: "wasm/OneHot" of test/contract/Upstream.test.ts fails.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { type Kernel, replace } from "./Kernel.ts"

export const install = (): void => replace("OneHot", oneHot)

/** **Shapes**: indices `[...]` to `[..., depth]`, in the dtype asked for. An index out of range gives a row of `offValue`. */
const oneHot: Kernel = (backend, { indices }, { dtype, depth, onValue, offValue }) => {
  const at = indices!
  const classes = depth as number
  const out = backend.makeOutput([...at.shape, classes], dtype as tf.DataType)
  const values = backend.typedArrayFromHeap(out).fill(offValue as number)
  const rows = backend.typedArrayFromHeap(at)
  for (let row = 0; row < rows.length; row++) {
    const index = rows[row]!
    if (index >= 0 && index < classes) values[row * classes + index] = onValue as number
  }
  return out
}
