/**
 * Rescales the gradients of `avgPool` and `avgPool3d` by the cells of each window that lie inside the image.
 *
 * **Fault**: they divide by the whole window, also at a padded edge where the average was one of fewer cells: gradients there are too small.
 * **Upstream**: no issue known; search tensorflow/tfjs for "avgPool gradient same padding AvgPoolGrad".
 * **Remove when**: "gradients/AveragePooling" of test/contract/Upstream.test.ts fails.
 */
import * as tf from "@tensorflow/tfjs-core"
import { amend, type GradFunc } from "./GradientHelpers.ts"

export const install = (): void => {
  amend("AvgPool", (stock) => rescaled(stock, spans2d))
  amend("AvgPool3D", (stock) => rescaled(stock, spans3d))
}

/** How windows lie along an axis, in cells. */
interface Span {
  readonly input: number
  readonly output: number
  readonly filter: number
  readonly stride: number
  readonly padding: number
}

/** Undoes the wrong division, axis by axis. */
const rescaled =
  (stock: GradFunc, spans: (shape: ReadonlyArray<number>, attrs: tf.NamedAttrMap) => ReadonlyArray<Span>): GradFunc =>
  (dy, saved, attrs) => {
    const axes = spans(saved[0]!.shape, attrs)
    const scaled = axes.reduce((product, span, axis) => {
      const shape = product.shape.map((_, i) => (i === axis + 1 ? span.output : 1))
      return tf.mul(product, tf.tensor(factors(span), shape))
    }, dy as tf.Tensor)
    return stock(scaled, saved, attrs)
  }

/** The cells of each window, over those of them that are in the image. */
const factors = ({ input, output, filter, stride, padding }: Span): Array<number> =>
  Array.from({ length: output }, (_, at) => {
    const first = at * stride - padding
    return filter / (Math.min(input, first + filter) - Math.max(0, first))
  })

const spans2d = (shape: ReadonlyArray<number>, attrs: tf.NamedAttrMap): ReadonlyArray<Span> => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.AvgPoolAttrs
  const info = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode
  )
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info
  return [
    { input: inHeight, output: outHeight, filter: filterHeight, stride: strideHeight, padding: padInfo.top },
    { input: inWidth, output: outWidth, filter: filterWidth, stride: strideWidth, padding: padInfo.left }
  ]
}

const spans3d = (shape: ReadonlyArray<number>, attrs: tf.NamedAttrMap): ReadonlyArray<Span> => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.AvgPool3DAttrs
  const info = tf.backend_util.computePool3DInfo(
    shape as [number, number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode
  )
  const { inDepth, outDepth, filterDepth, strideDepth, padInfo } = info
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth } = info
  return [
    { input: inDepth, output: outDepth, filter: filterDepth, stride: strideDepth, padding: padInfo.front },
    { input: inHeight, output: outHeight, filter: filterHeight, stride: strideHeight, padding: padInfo.top },
    { input: inWidth, output: outWidth, filter: filterWidth, stride: strideWidth, padding: padInfo.left }
  ]
}
