/**
 * Computes the gradients of `conv2d` as matrix products.
 * **Shapes**: `x` `[n, h, w, c]`, `dy` `[n, oh, ow, k]`, filter `[fh, fw, c, k]`.
 *
 * **Fault**: the gradient of the filter is missing; that of the input is 2.5 times slower than the product.
 * **Upstream**: tensorflow/tfjs#8474 (open).
 * **Remove when**: "wasm/ConvolutionGradients" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { call, floats, free, type Kernel, replace, reshaped, zeros } from "./Kernel.ts"

export const install = (): void => {
  replace("Conv2DBackpropFilter", backpropFilter)
  replace("Conv2DBackpropInput", backpropInput)
}

/** Gathers the windows of `x` as rows of a matrix (im2col), and multiplies it by `dy`. */
const backpropFilter: Kernel = (backend, inputs, attrs) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo }
  const { filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs
  const info = infoOf(x.shape, filterShape, attrs)
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = info
  const { strideHeight, strideWidth, padInfo } = info
  const positions = batchSize * outHeight * outWidth
  const taps = filterHeight * filterWidth * inChannels
  // Row (fy, fx, c), column (n, oy, ox): already the transpose that the product wants.
  const columns = zeros(backend, [1, taps, positions])
  const to = floats(backend, columns)
  const from = floats(backend, x)
  for (let fy = 0, row = 0; fy < filterHeight; fy++) {
    for (let fx = 0; fx < filterWidth; fx++) {
      const first = Math.max(0, Math.ceil((padInfo.left - fx) / strideWidth))
      const end = Math.min(outWidth, Math.floor((inWidth - 1 + padInfo.left - fx) / strideWidth) + 1)
      for (let c = 0; c < inChannels; c++, row += positions) {
        for (let n = 0; n < batchSize; n++) {
          for (let oy = 0; oy < outHeight; oy++) {
            const y = oy * strideHeight + fy - padInfo.top
            if (y < 0 || y >= inHeight) continue
            const target = row + (n * outHeight + oy) * outWidth
            const source = (n * inHeight + y) * inWidth * inChannels + c
            for (let ox = first; ox < end; ox++) {
              to[target + ox] = from[source + (ox * strideWidth + fx - padInfo.left) * inChannels]!
            }
          }
        }
      }
    }
  }
  try {
    const b = reshaped(dy, [1, positions, outChannels])
    return reshaped(call(backend, "BatchMatMul", { a: columns, b }, { transposeA: false, transposeB: false }), filterShape)
  } finally {
    free(backend, [columns])
  }
}

/** Multiplies `dy` by the filter, and adds each row of the product to its window (col2im). Also the transposed convolution itself. */
const backpropInput: Kernel = (backend, inputs, attrs) => {
  const { dy, filter } = inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo }
  const { inputShape } = attrs as unknown as tf.Conv2DBackpropInputAttrs
  const info = infoOf(inputShape, filter.shape, attrs)
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = info
  const { strideHeight, strideWidth, padInfo } = info
  const positions = batchSize * outHeight * outWidth
  const taps = filterHeight * filterWidth * inChannels
  const a = reshaped(dy, [1, positions, outChannels])
  const b = reshaped(filter, [1, taps, outChannels])
  const windows = call(backend, "BatchMatMul", { a, b }, { transposeA: false, transposeB: true })
  try {
    const out = zeros(backend, inputShape)
    const [dx, from] = [floats(backend, out), floats(backend, windows)]
    for (let n = 0, position = 0; n < batchSize; n++) {
      for (let oy = 0; oy < outHeight; oy++) {
        for (let ox = 0; ox < outWidth; ox++, position++) {
          const left = ox * strideWidth - padInfo.left
          const first = Math.max(0, -left)
          const run = (Math.min(filterWidth, inWidth - left) - first) * inChannels
          for (let fy = 0; fy < filterHeight; fy++) {
            const y = oy * strideHeight + fy - padInfo.top
            if (y < 0 || y >= inHeight) continue
            // A row of the window lies in one piece, here and there.
            const source = position * taps + (fy * filterWidth + first) * inChannels
            const target = ((n * inHeight + y) * inWidth + left + first) * inChannels
            for (let i = 0; i < run; i++) dx[target + i] = dx[target + i]! + from[source + i]!
          }
        }
      }
    }
    return out
  } finally {
    free(backend, [windows])
  }
}

const infoOf = (x: ReadonlyArray<number>, filter: ReadonlyArray<number>, attrs: tf.NamedAttrMap) => {
  const { strides, pad, dimRoundingMode, dataFormat } = attrs as unknown as tf.Conv2DBackpropFilterAttrs
  if (dataFormat !== "NHWC")
    throw new Error(`The gradient of a convolution on wasm knows the data format NHWC and got ${dataFormat}`)
  return tf.backend_util.computeConv2DInfo(x as Rank4, filter as Rank4, strides, 1, pad, dimRoundingMode, false, "channelsLast")
}

type Rank4 = [number, number, number, number]
