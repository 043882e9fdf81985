/**
 * Replaces `select`, which `tf.where` runs.
 *
 * **Fault**: the result is garbage where the two sides differ in dtype, and an empty tensor is read past its end.
 * **Upstream**: no issue known; search tensorflow/tfjs for "wasm where different dtypes".
 * **Remove when**: "wasm/Select" of test/contract/Upstream.test.ts fails.
 */

import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"
import { type Info, type Kernel, replace } from "./Kernel.ts"

export const install = (): void => replace("Select", select)

/** **Shapes**: `t` and `e` alike; `condition` too, or a vector that chooses rows. */
const select: Kernel = (backend, inputs) => {
  const { condition, t, e } = inputs as { condition: Info; t: Info; e: Info }
  const out = backend.makeOutput(t.shape, tf.upcastType(t.dtype, e.dtype))
  const [to, chosen, yes, no] = [out, condition, t, e].map((info) => backend.typedArrayFromHeap(info)) as [
    Values,
    Values,
    Values,
    Values
  ]
  const width = condition.shape.length === 1 && t.shape.length > 1 ? sizeOf(t.shape.slice(1)) : 1
  for (let row = 0, i = 0; row < chosen.length; row++) {
    const from = chosen[row] === 0 ? no : yes
    for (const end = i + width; i < end; i++) to[i] = from[i]!
  }
  return out
}

type Values = Float32Array | Int32Array
