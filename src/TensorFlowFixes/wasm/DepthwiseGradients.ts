/**
 * Computes the gradients of `depthwiseConv2d`.
 * **Shapes**: `x` `[n, h, w, c]`, filter `[fh, fw, c, m]`, `dy` `[n, oh, ow, c * m]`.
 *
 * **Fault**: they are missing.
 * **Upstream**: no issue known; search tensorflow/tfjs for "DepthwiseConv2dNativeBackpropFilter not registered for backend wasm" (see also #8474).
 * **Remove when**: "wasm/DepthwiseGradients" of test/contract/Upstream.test.ts fails.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { floats, type Kernel, replace, zeros } from "./Kernel.ts"

export const install = (): void => {
  replace("DepthwiseConv2dNativeBackpropFilter", backpropFilter)
  replace("DepthwiseConv2dNativeBackpropInput", backpropInput)
}

const backpropFilter: Kernel = (backend, inputs, attrs) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo }
  const { filterShape } = attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs
  const info = infoOf(x.shape, filterShape, attrs)
  const out = zeros(backend, filterShape)
  const [dw, xs, dys] = [floats(backend, out), floats(backend, x), floats(backend, dy)]
  eachTap(info, (at, dyAt, filterAt) => {
    dw[filterAt] = dw[filterAt]! + xs[at]! * dys[dyAt]!
  })
  return out
}

const backpropInput: Kernel = (backend: BackendWasm, inputs, attrs) => {
  const { dy, filter } = inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo }
  const { inputShape } = attrs as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs
  const info = infoOf(inputShape, filter.shape, attrs)
  const out = zeros(backend, inputShape)
  const [dx, dys, ws] = [floats(backend, out), floats(backend, dy), floats(backend, filter)]
  eachTap(info, (at, dyAt, filterAt) => {
    dx[at] = dx[at]! + dys[dyAt]! * ws[filterAt]!
  })
  return out
}

const infoOf = (x: ReadonlyArray<number>, filter: ReadonlyArray<number>, attrs: tf.NamedAttrMap) => {
  const { strides, dilations, pad, dimRoundingMode } = attrs as unknown as tf.DepthwiseConv2dNativeAttrs
  return tf.backend_util.computeConv2DInfo(x as Rank4, filter as Rank4, strides, dilations ?? 1, pad, dimRoundingMode, true)
}

/** Visits every product of the convolution: the places of its factor in `x`, of its sum in `dy`, and of its weight. */
const eachTap = (info: tf.backend_util.Conv2DInfo, visit: (x: number, dy: number, filter: number) => void): void => {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, padInfo } = info
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = info
  const multiplier = outChannels / inChannels
  for (let n = 0; n < batchSize; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let fy = 0; fy < filterHeight; fy++) {
        const y = oy * strideHeight + fy * dilationHeight - padInfo.top
        if (y < 0 || y >= inHeight) continue
        for (let ox = 0; ox < outWidth; ox++) {
          const dyAt = ((n * outHeight + oy) * outWidth + ox) * outChannels
          for (let fx = 0; fx < filterWidth; fx++) {
            const x = ox * strideWidth + fx * dilationWidth - padInfo.left
            if (x < 0 || x >= inWidth) continue
            const xAt = ((n * inHeight + y) * inWidth + x) * inChannels
            const filterAt = (fy * filterWidth + fx) * outChannels
            for (let o = 0; o < outChannels; o++) visit(xAt + Math.floor(o / multiplier), dyAt + o, filterAt + o)
          }
        }
      }
    }
  }
}

type Rank4 = [number, number, number, number]
