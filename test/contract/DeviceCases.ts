/** Differentiable operations, with inputs that are hard on kernels: what every device computes as the reference does. */

import { valueAndGrads } from "../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensor, type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import { einsum } from "../../src/TensorFlowFixes/Einsum.ts"

export interface Case {
  readonly name: string
  /** The shapes of the inputs, all of which are differentiated. They are drawn from a normal distribution. */
  readonly inputs: ReadonlyArray<ReadonlyArray<number>>
  readonly f: (...inputs: Array<Tensor>) => Tensor
  /** Changes a drawn number, where an operation has a smaller domain. */
  readonly domain?: (x: number) => number
}

/** Draws the inputs of a case. */
export const inputsOf = ({ name, inputs, domain }: Case): HostTensor.HostTensors =>
  Object.fromEntries(
    inputs.map((shape, i) => {
      const { data } = Random.normal(Key.fold(Key.fold(Key.make(11), name), i), shape)
      return [`x${i}`, HostTensor.make("float32", shape, domain === undefined ? data : Float32Array.from(data, domain))]
    })
  )

/** A sum of a case's value with uneven weights. */
export const lossOf = (value: Tensor): Tensor => {
  const weights = Array.from({ length: value.size }, (_, i) => Math.sin(i + 1))
  return tf.sum(tf.mul(value, tf.tensor(weights, value.shape)))
}

/** The value of a case, and the gradients of its loss. */
export const gradientsOf = ({ f }: Case, inputs: HostTensor.HostTensors): Tensors => {
  const { aux, gradients } = valueAndGrads((x) => {
    const value = f(...Object.values(x))
    return { loss: lossOf(value), aux: { value } }
  }, HostTensor.toDevice(inputs))
  return { ...aux, ...gradients }
}

const positive = (x: number) => Math.abs(x) + 0.1
const negative = (x: number) => -Math.abs(x) - 0.1
const inner = (x: number) => Math.tanh(x) * 0.9
const aboveOne = (x: number) => Math.abs(x) + 1.1
const ids = () => tf.tensor1d([1, 3, 3, 0, 9, 2, 2, 2], "int32")

/** `tf` types the rank of each tensor; here it is checked when the case runs. */
type Typed = (...inputs: Array<never>) => Tensor

/** `shapes` is written as `4x3 3` for `[4, 3]` and `[3]`. */
const of = (name: string, shapes: string, f: Typed, domain?: (x: number) => number): Case => ({
  name,
  inputs: shapes.split(" ").map((shape) => shape.split("x").map(Number)),
  f: f as unknown as Case["f"],
  ...(domain === undefined ? {} : { domain })
})

type T3 = tf.Tensor3D
type T4 = tf.Tensor4D

const products: ReadonlyArray<Case> = [
  of("matMul", "40x70 70x60", (a: Tensor, b: Tensor) => tf.matMul(a, b)),
  of("matMul transposed left", "70x40 70x60", (a: Tensor, b: Tensor) => tf.matMul(a, b, true)),
  of("matMul transposed right", "40x70 60x70", (a: Tensor, b: Tensor) => tf.matMul(a, b, false, true)),
  of("matMul transposed both", "70x40 60x70", (a: Tensor, b: Tensor) => tf.matMul(a, b, true, true)),
  of("matMul small", "2x3 3x2", (a: Tensor, b: Tensor) => tf.matMul(a, b)),
  of("matMul batches", "6x20x30 6x30x25", (a: Tensor, b: Tensor) => tf.matMul(a, b)),
  of("matMul batches transposed", "6x30x20 6x25x30", (a: Tensor, b: Tensor) => tf.matMul(a, b, true, true)),
  of("matMul batches of rank 4", "2x3x20x16 2x3x20x16", (a: Tensor, b: Tensor) => tf.matMul(a, b, false, true)),
  of("matMul broadcast right", "6x20x30 1x30x25", (a: Tensor, b: Tensor) => tf.matMul(a, b)),
  of("matMul broadcast right of lower rank", "6x20x30 30x25", (a: Tensor, b: Tensor) => tf.matMul(a, b)),
  of("matMul broadcast left", "1x20x30 6x25x30", (a: Tensor, b: Tensor) => tf.matMul(a, b, false, true)),
  of("matMul broadcast on both sides", "2x1x5x6 1x3x6x4", (a: Tensor, b: Tensor) => tf.matMul(a, b)),
  of("matMul broadcast on both sides, transposed", "2x1x20x16 3x20x25", (a: Tensor, b: Tensor) => tf.matMul(a, b, true)),
  of("dot", "9 9", (a: Tensor, b: Tensor) => tf.dot(a, b)),
  of("tf.einsum", "2x4x8 2x5x8", (a: Tensor, b: Tensor) => tf.einsum("bqd,bkd->bqk", a, b)),
  of("einsum with sums", "3x4 4x5", (a: Tensor, b: Tensor) => einsum("ab,bc->c", a, b)),
  of("einsum as a product", "2x3x4x5 2x3x6x5", (a: Tensor, b: Tensor) => einsum("bhqd,bhkd->bkhq", a, b)),
  of("einsum of one operand", "3x4x5", (a: Tensor) => einsum("abc->ca", a)),
  of("an outer product", "3 4", (a: Tensor, b: Tensor) => einsum("a,b->ba", a, b)),
  of("TensorFlow.js's einsum of a row", "4 5x4", (a: Tensor, b: Tensor) => tf.einsum("b,cb->c", a, b))
]

const convolutions: ReadonlyArray<Case> = [
  of("conv2d valid", "2x9x9x3 3x3x3x5", (x: T4, w: T4) => tf.conv2d(x, w, 1, "valid")),
  of("conv2d same", "2x9x8x3 3x3x3x5", (x: T4, w: T4) => tf.conv2d(x, w, 1, "same")),
  of("conv2d stride 2 same", "2x9x8x3 3x3x3x5", (x: T4, w: T4) => tf.conv2d(x, w, 2, "same")),
  of("conv2d stride 2 valid", "2x10x10x3 3x3x3x5", (x: T4, w: T4) => tf.conv2d(x, w, 2, "valid")),
  of("conv2d strides [1, 3]", "1x7x11x2 2x5x2x3", (x: T4, w: T4) => tf.conv2d(x, w, [1, 3], "same")),
  of("conv2d stride beyond the filter", "1x7x8x2 2x1x2x3", (x: T4, w: T4) => tf.conv2d(x, w, [1, 3], "same")),
  of("conv2d 1x1 stride 2", "1x7x8x3 1x1x3x2", (x: T4, w: T4) => tf.conv2d(x, w, 2, "same")),
  of("conv2d 1x1", "2x10x10x3 1x1x3x5", (x: T4, w: T4) => tf.conv2d(x, w, 1, "same")),
  of("conv2d padding 2", "2x6x6x3 3x3x3x4", (x: T4, w: T4) => tf.conv2d(x, w, 1, 2)),
  of("conv2d explicit padding", "1x6x7x2 3x3x2x4", (x: T4, w: T4) =>
    tf.conv2d(x, w, 1, [
      [0, 0],
      [0, 2],
      [1, 0],
      [0, 0]
    ])
  ),
  of("conv2d dilation 2", "2x9x9x3 3x3x3x5", (x: T4, w: T4) => tf.conv2d(x, w, 1, "same", "NHWC", 2)),
  of("conv2d dilations [3, 1]", "1x9x8x2 3x2x2x4", (x: T4, w: T4) => tf.conv2d(x, w, 1, "valid", "NHWC", [3, 1])),
  of("conv1d", "2x10x3 3x3x5", (x: T3, w: T3) => tf.conv1d(x, w, 1, "same")),
  of("conv1d stride 2", "2x10x3 4x3x5", (x: T3, w: T3) => tf.conv1d(x, w, 2, "valid")),
  of("conv2dTranspose", "2x5x5x4 3x3x6x4", (x: T4, w: T4) => tf.conv2dTranspose(x, w, [2, 10, 10, 6], 2, "same")),
  of("depthwiseConv2d", "2x9x9x3 3x3x3x2", (x: T4, w: T4) => tf.depthwiseConv2d(x, w, 1, "same")),
  of("depthwiseConv2d stride 2", "2x9x8x3 3x2x3x2", (x: T4, w: T4) => tf.depthwiseConv2d(x, w, 2, "valid")),
  of("depthwiseConv2d dilation 2", "1x9x9x3 3x3x3x2", (x: T4, w: T4) => tf.depthwiseConv2d(x, w, 1, "same", "NHWC", 2)),
  of("separableConv2d", "2x9x9x3 3x3x3x2 1x1x6x4", (x: T4, w: T4, p: T4) => tf.separableConv2d(x, w, p, 1, "same")),
  of("conv3d strides", "1x4x6x5x2 2x3x2x2x3", (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, [1, 2, 1], "valid")),
  of("conv3d", "1x5x5x5x2 2x2x2x2x3", (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, 1, "same"))
]

const pooling: ReadonlyArray<Case> = [
  of("maxPool", "2x8x8x3", (x: T4) => tf.maxPool(x, 2, 2, "valid")),
  of("maxPool overlapping same", "2x8x7x3", (x: T4) => tf.maxPool(x, 3, 2, "same")),
  of("maxPool of negative windows", "2x8x8x3", (x: T4) => tf.maxPool(x, [2, 3], 2, "same"), negative),
  of("maxPool of negative windows, valid and overlapping", "1x9x8x2", (x: T4) => tf.maxPool(x, 3, 1, "valid"), negative),
  of("maxPool padding 1", "1x6x7x2", (x: T4) => tf.maxPool(x, 3, 2, 1, "floor"), negative),
  of("pool dilated", "1x9x8x2", (x: T4) => tf.pool(x, [2, 3], "max", "valid", [2, 1], 1), negative),
  of("maxPool3d", "1x4x5x4x2", (x: tf.Tensor5D) => tf.maxPool3d(x, 2, 2, "same"), negative),
  of("avgPool3d", "1x4x5x4x2", (x: tf.Tensor5D) => tf.avgPool3d(x, [2, 3, 2], 2, "same")),
  of("avgPool overlapping valid", "2x8x7x3", (x: T4) => tf.avgPool(x, [3, 2], [1, 2], "valid")),
  of("spaceToBatchND", "1x4x6x2", (x: T4) =>
    tf.spaceToBatchND(
      x,
      [2, 3],
      [
        [0, 0],
        [1, 2]
      ]
    )
  ),
  of("batchToSpaceND", "6x2x2x2", (x: T4) =>
    tf.batchToSpaceND(
      x,
      [2, 3],
      [
        [1, 0],
        [0, 2]
      ]
    )
  ),
  of("resizeNearestNeighbor", "1x4x5x2", (x: T4) => tf.image.resizeNearestNeighbor(x, [7, 3])),
  of("resizeBilinear aligned", "1x4x5x2", (x: T4) => tf.image.resizeBilinear(x, [3, 9], true)),
  of("avgPool", "2x8x7x3", (x: T4) => tf.avgPool(x, 2, 2, "same")),
  of("resizeBilinear", "1x4x4x2", (x: T4) => tf.image.resizeBilinear(x, [8, 8])),
  of("localResponseNormalization", "1x4x4x6", (x: T4) => tf.localResponseNormalization(x))
]

const gathers: ReadonlyArray<Case> = [
  of("gather", "10x4", (x: Tensor) => tf.gather(x, ids())),
  of("gather by a matrix", "10x4", (x: Tensor) => tf.gather(x, tf.reshape(ids(), [2, 4]))),
  of("gather on axis 1", "4x10", (x: Tensor) => tf.gather(x, ids(), 1)),
  of("unsortedSegmentSum", "8x4", (x: Tensor) => tf.unsortedSegmentSum(x, tf.cast(ids(), "int32") as tf.Tensor1D, 10)),
  of("gatherND", "4x3x2", (x: Tensor) => tf.gatherND(x, tf.tensor2d([0, 1, 3, 2, 0, 1], [3, 2], "int32"))),
  of("gatherND of elements", "4x3", (x: Tensor) => tf.gatherND(x, tf.tensor2d([0, 1, 3, 2], [2, 2], "int32"))),
  of("scatterND", "4x3", (x: Tensor) => tf.scatterND(tf.tensor2d([4, 0, 4, 2], [4, 1], "int32"), x, [6, 3])),
  of("tensorScatterUpdate", "5x3 2x3", (x: Tensor, u: Tensor) =>
    tf.tensorScatterUpdate(x, tf.tensor2d([3, 0], [2, 1], "int32"), u)
  ),
  of("stridedSlice", "4x10", (x: Tensor) => tf.stridedSlice(x, [0, 1], [4, 9], [2, 3])),
  of("stridedSlice backwards", "4x10", (x: Tensor) => tf.stridedSlice(x, [3, -1], [0, 0], [-1, -2], 1, 2)),
  of("stridedSlice that drops an axis", "4x5x3", (x: Tensor) =>
    tf.stridedSlice(x, [1, 0, 0], [2, 5, 3], [1, 2, 2], 0, 0, 0, 0, 1)
  ),
  of("topk", "4x10", (x: Tensor) => tf.topk(x, 3).values),
  of("topk of rank 3", "2x3x7", (x: Tensor) => tf.mul(tf.topk(x, 7).values, 2)),
  of("mirrorPad", "4x5", (x: Tensor) =>
    tf.mirrorPad(
      x,
      [
        [1, 2],
        [2, 0]
      ],
      "reflect"
    )
  ),
  of("unstack", "3x4", (x: Tensor) => tf.mul(tf.unstack(x)[2]!, tf.unstack(x)[0]!)),
  of("expandDims and squeeze", "3x1x4", (x: Tensor) => tf.mul(tf.squeeze(x), tf.expandDims(tf.squeeze(x), 0))),
  of("broadcastTo", "3x1", (x: Tensor) => tf.broadcastTo(x, [2, 3, 4])),
  of("bandPart", "4x5", (x: Tensor) => tf.linalg.bandPart(x, 1, 2)),
  of("where", "40 40", (a: Tensor, b: Tensor) => tf.where(tf.greater(a, b), a, tf.mul(b, 2))),
  of("slice", "4x10", (x: Tensor) => tf.slice(x, [1, 2], [2, 3])),
  of("concat", "4x3 2x3", (a: Tensor, b: Tensor) => tf.concat([a, b], 0)),
  of("split", "4x10", (x: Tensor) => tf.mul(...(tf.split(x, 2, 1) as [Tensor, Tensor]))),
  of("stack", "4 4", (a: Tensor, b: Tensor) => tf.stack([a, b], 1)),
  of("pad", "4x10", (x: Tensor) =>
    tf.pad(x, [
      [1, 1],
      [2, 0]
    ])
  ),
  of("tile", "4x3", (x: Tensor) => tf.tile(x, [2, 2])),
  of("transpose", "2x3x4x5", (x: Tensor) => tf.transpose(x, [0, 2, 1, 3])),
  of("reverse", "3x5", (x: Tensor) => tf.reverse(x, 1))
]

const reductions: ReadonlyArray<Case> = [
  of("sum", "4x5x6", (x: Tensor) => tf.sum(x, [0, 2])),
  of("mean", "4x5x6", (x: Tensor) => tf.mean(x, 1)),
  of("max", "4x10", (x: Tensor) => tf.max(x, 1)),
  of("min", "4x10", (x: Tensor) => tf.min(x, 1)),
  of("prod", "4x5", (x: Tensor) => tf.prod(x, 1)),
  of("cumsum", "4x10", (x: Tensor) => tf.cumsum(x, 1)),
  of("cumsum backwards without itself", "4x10", (x: Tensor) => tf.cumsum(x, 0, true, true)),
  of("cumprod", "3x5", (x: Tensor) => tf.cumprod(x, 1)),
  of("cumprod without itself", "3x5", (x: Tensor) => tf.cumprod(x, 0, true)),
  of("cumprod backwards", "3x5", (x: Tensor) => tf.cumprod(x, 1, false, true)),
  of(
    "cumprod with zeros",
    "3x6",
    (x: Tensor) => tf.cumprod(x, 1, true, true),
    (x) => (Math.abs(x) < 0.5 ? 0 : x)
  ),
  of("squared norm of all", "4x5x2", (x: Tensor) => tf.sum(tf.square(x))),
  of("softmax", "4x10", (x: Tensor) => tf.softmax(x)),
  of("logSoftmax", "4x10", (x: Tensor) => tf.logSoftmax(x)),
  of("logSumExp", "4x10", (x: Tensor) => tf.logSumExp(x, -1)),
  of("norm", "4x10", (x: Tensor) => tf.norm(x, 2, -1)),
  of("layer normalisation", "4x10 10 10", (x: Tensor, gain: Tensor, bias: Tensor) => {
    const { mean, variance } = tf.moments(x, -1, true)
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), bias)
  }),
  of("batch normalisation", "4x5x5x3 3 3", (x: Tensor, offset: tf.Tensor1D, scale: tf.Tensor1D) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2])
    return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, 1e-3)
  })
]

const pointwise: ReadonlyArray<Case> = [
  of("add broadcast", "4x1x6 5x1", (a: Tensor, b: Tensor) => tf.add(a, b)),
  of("mul broadcast", "4x5 5", (a: Tensor, b: Tensor) => tf.mul(a, b)),
  of("div broadcast", "4x5 4x1", (a: Tensor, b: Tensor) => tf.div(a, b), positive),
  of("sub broadcast", "4x1 3x1x5", (a: Tensor, b: Tensor) => tf.sub(a, b)),
  of("minimum", "4x5 4x1", (a: Tensor, b: Tensor) => tf.minimum(a, b)),
  of("squaredDifference", "4x5 5", (a: Tensor, b: Tensor) => tf.squaredDifference(a, b)),
  of("atan2", "10 10", (a: Tensor, b: Tensor) => tf.atan2(a, b)),
  of("pow of two", "10 10", (a: Tensor, b: Tensor) => tf.pow(a, b), positive),
  of("divNoNan", "10 10", (a: Tensor, b: Tensor) => tf.divNoNan(a, b), positive),
  of("addN", "4x5 4x5 4x5", (...x: Array<Tensor>) => tf.addN(x)),
  of("abs", "40", (x: Tensor) => tf.abs(x)),
  of("neg", "40", (x: Tensor) => tf.neg(x)),
  of("square", "40", (x: Tensor) => tf.square(x)),
  of("reciprocal", "40", (x: Tensor) => tf.reciprocal(x), positive),
  of("rsqrt", "40", (x: Tensor) => tf.rsqrt(x), positive),
  of("log1p", "40", (x: Tensor) => tf.log1p(x), positive),
  of("expm1", "40", (x: Tensor) => tf.expm1(x)),
  of("sin", "40", (x: Tensor) => tf.sin(x)),
  of("cos", "40", (x: Tensor) => tf.cos(x)),
  of("tan", "40", (x: Tensor) => tf.tan(x), inner),
  of("asin", "40", (x: Tensor) => tf.asin(x), inner),
  of("acos", "40", (x: Tensor) => tf.acos(x), inner),
  of("atan", "40", (x: Tensor) => tf.atan(x)),
  of("sinh", "40", (x: Tensor) => tf.sinh(x)),
  of("cosh", "40", (x: Tensor) => tf.cosh(x)),
  of("asinh", "40", (x: Tensor) => tf.asinh(x)),
  of("acosh", "40", (x: Tensor) => tf.acosh(x), aboveOne),
  of("atanh", "40", (x: Tensor) => tf.atanh(x), inner),
  of("selu", "40", (x: Tensor) => tf.selu(x)),
  of("relu6", "40", (x: Tensor) => tf.relu6(tf.mul(x, 5))),
  of("silu", "40", (x: Tensor) => tf.mul(x, tf.sigmoid(x))),
  of("sigmoidCrossEntropy", "4x3", (x: Tensor) => tf.losses.sigmoidCrossEntropy(tf.ones([4, 3]), x)),
  of("huberLoss", "4x3", (x: Tensor) => tf.losses.huberLoss(tf.ones([4, 3]), x)),
  of("an LSTM cell", "8x16 16 2x4 2x4 2x4", (k: tf.Tensor2D, b: tf.Tensor1D, x: tf.Tensor2D, c: tf.Tensor2D, h: tf.Tensor2D) =>
    tf.add(...(tf.basicLSTMCell(tf.scalar(1), k, b, x, c, h) as [Tensor, Tensor]))
  ),
  of("maximum", "4x5 5", (a: Tensor, b: Tensor) => tf.maximum(a, b)),
  of("pow", "10", (x: Tensor) => tf.pow(x, 2.5), positive),
  of("sqrt", "10", (x: Tensor) => tf.sqrt(x), positive),
  of("log", "10", (x: Tensor) => tf.log(x), positive),
  of("exp", "10", (x: Tensor) => tf.exp(x)),
  of("tanh", "40", (x: Tensor) => tf.tanh(x)),
  of("sigmoid", "40", (x: Tensor) => tf.sigmoid(x)),
  of("relu", "40", (x: Tensor) => tf.relu(x)),
  of("leakyRelu", "40", (x: Tensor) => tf.leakyRelu(x)),
  of("elu", "40", (x: Tensor) => tf.elu(x)),
  of("softplus", "40", (x: Tensor) => tf.softplus(x)),
  of("prelu", "4x10 10", (x: Tensor, alpha: Tensor) => tf.prelu(x, alpha)),
  of("gelu", "40", (x: Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  of("clipByValue", "40", (x: Tensor) => tf.clipByValue(x, -0.5, 0.8)),
  of("a comparison in a mask", "40", (x: Tensor) => tf.mul(x, tf.cast(tf.lessEqual(x, 0.3), "float32")))
]

export const differentiable: ReadonlyArray<Case> = [products, convolutions, pooling, gathers, reductions, pointwise].flat()

/** Fused operations, which run only outside of a gradient: their values. */
export const fused: ReadonlyArray<Case> = [
  ...(["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu"] as const).map((activation) =>
    of(`fused.matMul ${activation}`, "6x80 9x80 9", (a: tf.Tensor2D, b: tf.Tensor2D, bias: Tensor) =>
      tf.fused.matMul({ a, b, transposeB: true, bias, activation, leakyreluAlpha: 0.3 })
    )
  ),
  of("fused.matMul of batches", "3x6x80 3x80x9 9", (a: Tensor, b: Tensor, bias: Tensor) =>
    tf.fused.matMul({ a, b, bias, activation: "relu" })
  ),
  of("fused.conv2d", "2x9x9x3 3x3x3x5 5", (x: T4, filter: T4, bias: Tensor) =>
    tf.fused.conv2d({ x, filter, strides: 1, pad: "same", bias, activation: "relu" })
  )
]
