/**
 * Replaces the gradient of `maxPool`.
 *
 * **Fault**: it goes to the wrong element where a window is all negative.
 * **Upstream**: no issue known; search tensorflow/tfjs for "wasm MaxPoolGrad negative".
 * **Remove when**: "wasm/MaxPoolGradient" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { floats, type Kernel, replace, zeros } from "./Kernel.ts"

export const install = (): void => replace("MaxPoolGrad", maxPoolGrad)

/** **Shapes**: `input` and the result `[n, h, w, c]`, `dy` `[n, oh, ow, c]`. Of equal maxima the first one gets the gradient. */
const maxPoolGrad: Kernel = (backend, inputs, attrs) => {
  const { dy, input } = inputs as { dy: tf.TensorInfo; input: tf.TensorInfo }
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolGradAttrs
  const info = tf.backend_util.computePool2DInfo(input.shape as Rank4, filterSize, strides, 1, pad, dimRoundingMode)
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = info
  const out = zeros(backend, input.shape)
  const [dx, xs, dys] = [floats(backend, out), floats(backend, input), floats(backend, dy)]
  for (let n = 0, dyAt = 0; n < batchSize; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padInfo.top
      const [y0, y1] = [Math.max(0, top), Math.min(inHeight, top + info.effectiveFilterHeight)]
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padInfo.left
        const [x0, x1] = [Math.max(0, left), Math.min(inWidth, left + info.effectiveFilterWidth)]
        for (let c = 0; c < inChannels; c++, dyAt++) {
          let best = -1
          for (let y = y0; y < y1; y++) {
            for (let x = x0; x < x1; x++) {
              const at = ((n * inHeight + y) * inWidth + x) * inChannels + c
              if (best < 0 || xs[at]! > xs[best]!) best = at
            }
          }
          if (best >= 0) dx[best] = dx[best]! + dys[dyAt]!
        }
      }
    }
  }
  return out
}

type Rank4 = [number, number, number, number]
