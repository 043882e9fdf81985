/**
 * Computes 2-D convolutions and their gradients as matrix products, and the gradient of max pooling.
 * **Shapes**: `x` `[n, h, w, c]`, filter `[fh, fw, c, k]`, `dy` `[n, oh, ow, k]`.
 */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { floats, moduleOf } from "../TensorFlowFixes/wasm/Kernel.ts"
import { areFilledFloats, type Call, override } from "./Kernel.ts"
import type { Address } from "./Native.ts"

export const install = (): void => {
  override<"x" | "filter">("Conv2D", (call) => {
    const { x, filter } = call.inputs
    const info = infoOf(x.shape, filter.shape, call.attributes)
    if (info === undefined || !areFilledFloats(x, filter)) return undefined
    const scratch = call.scratch(call.functions.gemm_scratch())
    const y = call.make(info.outShape)
    if (sizeOf(y.shape) === 0) return y
    const [from, by, to] = [call.at(x), call.at(filter), call.at(y)]
    if (isPointwise(info)) {
      const { inChannels: k, outChannels: n } = info
      call.functions.gemm(from, k, 0, by, n, 0, to, n, positionsOf(info), n, k, 0, 0, scratch)
      return y
    }
    eachChunk(call, info, ({ rows, count, first, geometry, line, lines, scratch }) => {
      call.functions.windows_to_rows(from, rows, line, lines, geometry)
      const out = to + first * info.outChannels * 4
      const [n, k] = [info.outChannels, tapsOf(info)]
      call.functions.gemm(rows, k, 0, by, n, 0, out, n, count, n, k, 0, 0, scratch)
    })
    return y
  })

  override<"x" | "dy">("Conv2DBackpropFilter", (call) => {
    const { x, dy } = call.inputs
    const info = infoOf(x.shape, call.attributes.filterShape as ReadonlyArray<number>, call.attributes)
    if (info === undefined || !areFilledFloats(x, dy)) return undefined
    const scratch = call.scratch(call.functions.gemm_scratch())
    const out = call.make(info.filterShape)
    const [from, slope, to] = [call.at(x), call.at(dy), call.at(out)]
    if (isPointwise(info)) {
      const { inChannels: m, outChannels: n } = info
      call.functions.gemm(from, m, 1, slope, n, 0, to, n, m, n, positionsOf(info), 0, 0, scratch)
      return out
    }
    eachChunk(call, info, ({ rows, count, first, geometry, line, lines, scratch }) => {
      call.functions.windows_to_rows(from, rows, line, lines, geometry)
      const [m, n] = [tapsOf(info), info.outChannels]
      const add = line > 0 ? 1 : 0
      call.functions.gemm(rows, m, 1, slope + first * n * 4, n, 0, to, n, m, n, count, 0, add, scratch)
    })
    return out
  })

  // Also the transposed convolution itself.
  override<"dy" | "filter">("Conv2DBackpropInput", (call) => {
    const { dy, filter } = call.inputs
    const info = infoOf(call.attributes.inputShape as ReadonlyArray<number>, filter.shape, call.attributes)
    if (info === undefined || !areFilledFloats(dy, filter)) return undefined
    const scratch = call.scratch(call.functions.gemm_scratch())
    const out = call.make(info.inShape)
    const [slope, by, to] = [call.at(dy), call.at(filter), call.at(out)]
    if (isPointwise(info)) {
      const { inChannels: n, outChannels: k } = info
      call.functions.gemm(slope, k, 0, by, k, 1, to, n, positionsOf(info), n, k, 0, 0, scratch)
      return out
    }
    floats(call.backend, out).fill(0)
    eachChunk(call, info, ({ rows, count, first, geometry, line, lines, scratch }) => {
      const [n, k] = [tapsOf(info), info.outChannels]
      call.functions.gemm(slope + first * k * 4, k, 0, by, k, 1, rows, n, count, n, k, 0, 0, scratch)
      call.functions.rows_to_windows(rows, to, line, lines, geometry)
    })
    return out
  })

  override<"dy" | "input">("MaxPoolGrad", (call) => {
    const { dy, input } = call.inputs
    if (!areFilledFloats(dy, input)) return undefined
    const { filterSize, strides, pad, dimRoundingMode } = call.attributes as unknown as tf.MaxPoolGradAttrs
    const info = tf.backend_util.computePool2DInfo(input.shape as Rank4, filterSize, strides, 1, pad, dimRoundingMode)
    const room = call.scratch(geometryBytes)
    const out = call.make(input.shape)
    if (!isWrittenWhole(info)) floats(call.backend, out).fill(0)
    putGeometry(call, room, info)
    call.functions.max_pool_gradient(call.at(input), call.at(dy), call.at(out), 0, info.batchSize * info.outHeight, room)
    return out
  })
}

type ConvolutionInfo = tf.backend_util.Conv2DInfo & { readonly filterShape: Rank4 }

type Services = Pick<Call<never>, "backend" | "functions" | "scratch">

interface Chunk {
  /** Rows of the result in the whole batch. */
  readonly line: number
  readonly lines: number
  /** Positions of the result. */
  readonly first: number
  readonly count: number
  /** Room for `count` rows, a window each. */
  readonly rows: Address
  readonly geometry: Address
  readonly scratch: Address
}

/**
 * Goes through the result in chunks whose windows fit into the second cache. The chunks depend on shapes alone, so that the bits do, too. Outputs are made
 * before: scratch memory stays where it is until the last chunk.
 */
const eachChunk = (call: Services, info: ConvolutionInfo, f: (chunk: Chunk) => void): void => {
  const row = info.outWidth * tapsOf(info)
  const most = Math.max(1, Math.floor(chunkSize / row))
  const scratchBytes = Math.ceil(call.functions.gemm_scratch() / 16) * 16
  const scratch = call.scratch(scratchBytes + geometryBytes + most * row * 4)
  const geometry = scratch + scratchBytes
  putGeometry(call, geometry, info)
  const total = info.batchSize * info.outHeight
  for (let line = 0; line < total; line += most) {
    const lines = Math.min(most, total - line)
    const [first, count] = [line * info.outWidth, lines * info.outWidth]
    f({ line, lines, first, count, rows: geometry + geometryBytes, geometry, scratch })
  }
}

/** **Unit**: numbers. */
const chunkSize = 2 ** 17

/** **Unit**: bytes. Eleven numbers of 32 bits. */
const geometryBytes = 48

const putGeometry = ({ backend }: Pick<Services, "backend">, to: Address, info: tf.backend_util.Conv2DInfo): void => {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth, padInfo } = info
  const { effectiveFilterHeight, effectiveFilterWidth } = info
  const sizes = [inHeight, inWidth, inChannels, outHeight, outWidth, effectiveFilterHeight, effectiveFilterWidth]
  new Int32Array(moduleOf(backend).HEAPU8.buffer, to, 11).set([...sizes, strideHeight, strideWidth, padInfo.top, padInfo.left])
}

/** `undefined` for dilations and other layouts than NHWC. */
const infoOf = (
  x: ReadonlyArray<number>,
  filter: ReadonlyArray<number>,
  attributes: tf.NamedAttrMap
): ConvolutionInfo | undefined => {
  const { strides, pad, dimRoundingMode, dataFormat, dilations = 1 } = attributes as unknown as tf.Conv2DAttrs
  if (dataFormat !== "NHWC" || [dilations].flat().some((n) => n !== 1)) return undefined
  return tf.backend_util.computeConv2DInfo(x as Rank4, filter as Rank4, strides, 1, pad, dimRoundingMode, false, "channelsLast")
}

/** Whether each window is one element, and none is skipped: then the images themselves are the rows. */
const isPointwise = ({ filterHeight, filterWidth, strideHeight, strideWidth, inShape, outShape }: ConvolutionInfo): boolean =>
  filterHeight * filterWidth * strideHeight * strideWidth === 1 && inShape.slice(0, 3).join() === outShape.slice(0, 3).join()

const positionsOf = ({ batchSize, outHeight, outWidth }: ConvolutionInfo): number => batchSize * outHeight * outWidth

/** Whether native/wasm writes all of a max pool's gradient: in windows of 2 x 2 side by side that fill the image, four channels at a time. */
const isWrittenWhole = (info: tf.backend_util.Conv2DInfo): boolean =>
  [info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth].every((n) => n === 2) &&
  info.padInfo.top + info.padInfo.left === 0 &&
  info.outHeight * 2 === info.inHeight &&
  info.outWidth * 2 === info.inWidth &&
  info.inChannels % 4 === 0

const tapsOf = ({ filterHeight, filterWidth, inChannels }: tf.backend_util.Conv2DInfo): number =>
  filterHeight * filterWidth * inChannels

type Rank4 = [number, number, number, number]
