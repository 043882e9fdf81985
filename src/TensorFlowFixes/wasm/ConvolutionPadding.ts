/**
 * Passes paddings of convolutions and pools in numbers, and makes results without elements.
 *
 * **Fault**: for `same`, XNNPACK computes the padding itself, wrongly where a stride exceeds the filter, and leaves zeros; where the result is empty,
 * kernels write past its end.
 * **Upstream**: no issue known; search tensorflow/tfjs for "wasm conv2d same stride larger than filter"; pull request #6969 mended pools of 1x1.
 * **Remove when**: "wasm/ConvolutionPadding" of test/contract/Upstream.test.ts fails.
 */

import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../Shape.ts"
import { type Attributes, type Info, type Kernel, replace } from "./Kernel.ts"

export const install = (): void => {
  for (const name of ["Conv2D", "DepthwiseConv2dNative"]) convolution(name)
  for (const name of ["MaxPool", "AvgPool"]) pool(name)
}

const convolution = (name: string): void => {
  const stock = tf.getKernel(name, "wasm").kernelFunc
  const depthwise = name === "DepthwiseConv2dNative"
  const kernel: Kernel = (backend, inputs, attrs) => {
    const { x, filter } = inputs as { x: Info; filter: Info }
    const { strides, dilations, pad, dimRoundingMode, dataFormat } = attrs as unknown as tf.Conv2DAttrs
    if (dataFormat === "NCHW") throw new Error("convolutions on wasm know the data format NHWC and got NCHW")
    const info = tf.backend_util.computeConv2DInfo(
      x.shape as Rank4,
      filter.shape as Rank4,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise
    )
    if (sizeOf(info.outShape) === 0) return backend.makeOutput(info.outShape, "float32")
    return stock({ inputs: { x, filter }, attrs: { ...attrs, ...explicit(info.padInfo) }, backend }) as Info
  }
  replace(name, kernel)
}

const explicit = ({ top, bottom, left, right }: tf.backend_util.Conv2DInfo["padInfo"]): Attributes =>
  ({
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0]
    ],
    dimRoundingMode: "floor"
  }) as unknown as Attributes

const pool = (name: string): void => {
  const stock = tf.getKernel(name, "wasm").kernelFunc
  replace(name, (backend, inputs, attrs) => {
    const x = inputs.x!
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolAttrs
    const { outShape } = tf.backend_util.computePool2DInfo(x.shape as Rank4, filterSize, strides, 1, pad, dimRoundingMode)
    if (outShape.some((n) => n <= 0))
      return backend.makeOutput(
        outShape.map((n) => Math.max(0, n)),
        "float32"
      )
    return stock({ inputs: { x }, attrs, backend }) as Info
  })
}

type Rank4 = [number, number, number, number]
