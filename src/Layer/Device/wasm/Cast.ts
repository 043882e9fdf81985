/** Cast: TensorFlow.js's own copies the lowest byte where a bool is asked for, so that 256 is false and -2 is 254. */
import type { tf } from "../../../Tensor/Tensor.ts"
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
