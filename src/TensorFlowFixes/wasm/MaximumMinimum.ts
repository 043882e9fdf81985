/**
 * Replaces `maximum`, `minimum`, `clipByValue`, `relu6` and `prelu`.
 *
 * **Fault**: all but `prelu` turn a NaN into the other number, and so hide a run that has diverged; `prelu` ignores a slope of more dimensions than
 * `x`.
 * **Upstream**: pull request #5028 aligned the backends, and wasm still differs; search tensorflow/tfjs for "wasm maximum NaN".
 * **Remove when**: "wasm/MaximumMinimum" of test/contract/Upstream.test.ts fails.
 */

import * as tf from "@tensorflow/tfjs-core"
import { broadcastIndex, sizeOf } from "../Shape.ts"
import { type Info, type Kernel, replace } from "./Kernel.ts"

export const install = (): void => {
  replace(
    "Maximum",
    ofTwo((a, b) => (a > b || Number.isNaN(a) ? a : b))
  )
  replace(
    "Minimum",
    ofTwo((a, b) => (a < b || Number.isNaN(a) ? a : b))
  )
  const prelu = ofTwo((x, slope) => (x < 0 ? x * slope : x), "float32")
  replace("Prelu", (backend, { x, alpha }) => prelu(backend, { a: x!, b: alpha! }, {}))
  replace("ClipByValue", (backend, { x }, { clipValueMin, clipValueMax }) =>
    within(clipValueMin as number, clipValueMax as number)(backend, { x: x! }, {})
  )
  replace("Relu6", within(0, 6))
}

/** **Shapes**: `a` and `b` broadcast. */
const ofTwo =
  (choose: (a: number, b: number) => number, dtype?: tf.DataType): Kernel =>
  (backend, inputs) => {
    const { a, b } = inputs as { a: Info; b: Info }
    const shape = tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape])
    const out = backend.makeOutput(shape, dtype ?? a.dtype)
    const [to, as, bs] = [out, a, b].map((info) => backend.typedArrayFromHeap(info)) as [Values, Values, Values]
    const [atA, atB] = [placeIn(a.shape, shape), placeIn(b.shape, shape)]
    for (let i = 0; i < to.length; i++) to[i] = choose(as[atA(i)]!, bs[atB(i)]!)
    return out
  }

const within =
  (low: number, high: number): Kernel =>
  (backend, { x }) => {
    const out = backend.makeOutput(x!.shape, x!.dtype)
    const [to, from] = [backend.typedArrayFromHeap(out), backend.typedArrayFromHeap(x!)]
    for (let i = 0; i < from.length; i++) {
      const value = from[i]!
      to[i] = value > high ? high : value < low ? low : value
    }
    return out
  }

const placeIn = (own: ReadonlyArray<number>, shape: ReadonlyArray<number>): ((index: number) => number) => {
  const size = sizeOf(own)
  if (size === sizeOf(shape)) return (index) => index
  return size === 1 ? () => 0 : broadcastIndex(own, shape)
}

type Values = Float32Array | Int32Array
