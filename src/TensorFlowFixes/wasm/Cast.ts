/**
 * Replaces `cast`.
 *
 * **Fault**: a cast to bool copies the lowest byte, so that 256 is false and -2 is 254.
 * **Upstream**: no issue known; search tensorflow/tfjs for "wasm cast bool".
 * **Remove when**: "wasm/Cast" of test/contract/Upstream.test.ts fails.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { type Kernel, replace } from "./Kernel.ts"

export const install = (): void => replace("Cast", cast)

/** Rounds towards zero; whatever is not 0 is true, NaN too. */
const cast: Kernel = (backend, { x }, { dtype }) => {
  const out = backend.makeOutput(x!.shape, dtype as tf.DataType)
  const [to, from] = [backend.typedArrayFromHeap(out), backend.typedArrayFromHeap(x!)]
  if (dtype === "bool") for (let i = 0; i < from.length; i++) to[i] = from[i] === 0 ? 0 : 1
  else to.set(from)
  return out
}
