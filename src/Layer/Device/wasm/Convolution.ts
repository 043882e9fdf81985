/**
 * The gradient of a 2-D convolution with respect to its filter, which stock wasm lacks: im2col, then one product.
 * **Shapes**: `x` `[n, h, w, c]`, `dy` `[n, oh, ow, k]`, filter `[fh, fw, c, k]`.
 */
import { tf } from "../../../Tensor/Tensor.ts"
import { call, floats, free, type Kernel, replace, reshaped, zeros } from "./Kernel.ts"

export const install = (): void => replace("Conv2DBackpropFilter", backpropFilter)

const backpropFilter: Kernel = (backend, inputs, attrs) => {
  const { x, dy } = inputs as { x: tf.TensorInfo; dy: tf.TensorInfo }
  const { strides, pad, dimRoundingMode, filterShape, dataFormat } = attrs as unknown as FilterAttributes
  if (dataFormat !== "NHWC") throw new Error(`Conv2DBackpropFilter on wasm knows the data format NHWC and got ${dataFormat}`)
  const shape = filterShape as [number, number, number, number]
  const info = tf.backend_util.computeConv2DInfo(x.shape as Rank4, shape, strides, 1, pad, dimRoundingMode, false, "channelsLast")
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

type Rank4 = [number, number, number, number]
type FilterAttributes = tf.Conv2DBackpropFilterAttrs
