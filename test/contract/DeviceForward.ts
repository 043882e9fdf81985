/** Forward operations on every dtype, on empty tensors and on NaN: where TensorFlow.js's wasm kernels gave rubbish, or broke the heap. */
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensor, tf } from "../../src/Tensor/Tensor.ts"

export interface Forward {
  readonly name: string
  readonly inputs: ReadonlyArray<HostTensor.HostTensor>
  readonly f: (...inputs: Array<Tensor>) => Tensor | ReadonlyArray<Tensor>
}

type Typed = (...inputs: Array<never>) => Tensor | ReadonlyArray<Tensor>
type DType = HostTensor.DType
const dtypes = ["float32", "int32", "bool"] as const

/** Numbers from -5 to 5, with a NaN, infinities and zeros among them when asked for. */
const drawn = (shape: ReadonlyArray<number>, dtype: DType, seed: number, special = false): HostTensor.HostTensor => {
  const uniform = Random.uniform(Key.make(seed), shape).data
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0]
  const value = (u: number, i: number) => {
    if (dtype === "bool") return u < 0.5 ? 0 : 1
    if (dtype === "int32") return Math.floor(u * 11) - 5
    return special && u < 0.4 ? odd[i % odd.length]! : (u - 0.5) * 8
  }
  return { dtype, shape, data: new HostTensor.arrayOf[dtype](Array.from(uniform, value)) }
}

const of = (name: string, inputs: ReadonlyArray<HostTensor.HostTensor>, f: Typed): Forward => ({
  name,
  inputs,
  f: f as unknown as Forward["f"]
})

const shapes: ReadonlyArray<ReadonlyArray<number>> = [[], [5], [0], [3, 4], [2, 0, 3], [2, 1, 3, 2, 2]]

const unary: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  abs: tf.abs,
  acos: tf.acos,
  acosh: tf.acosh,
  asin: tf.asin,
  asinh: tf.asinh,
  atan: tf.atan,
  atanh: tf.atanh,
  ceil: tf.ceil,
  clipByValue: (x) => tf.clipByValue(x, -1, 2),
  cos: tf.cos,
  cosh: tf.cosh,
  elu: tf.elu,
  erf: tf.erf,
  exp: tf.exp,
  expm1: tf.expm1,
  fill: (x) => tf.fill(x.shape, 3, x.dtype as DType),
  floor: tf.floor,
  isFinite: tf.isFinite,
  isInf: tf.isInf,
  isNaN: tf.isNaN,
  leakyRelu: tf.leakyRelu,
  log: tf.log,
  log1p: tf.log1p,
  logicalNot: (x) => tf.logicalNot(tf.cast(x, "bool")),
  neg: tf.neg,
  onesLike: tf.onesLike,
  reciprocal: tf.reciprocal,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  rsqrt: tf.rsqrt,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  sign: tf.sign,
  sin: tf.sin,
  sinh: tf.sinh,
  softplus: tf.softplus,
  sqrt: tf.sqrt,
  square: tf.square,
  step: (x) => tf.step(x, -0.5),
  tan: tf.tan,
  tanh: tf.tanh,
  transpose: (x) => tf.transpose(x),
  zerosLike: tf.zerosLike
}

const binary: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  add: tf.add,
  atan2: tf.atan2,
  div: tf.div,
  divNoNan: tf.divNoNan,
  equal: tf.equal,
  floorDiv: tf.floorDiv,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  logicalAnd: (a, b) => tf.logicalAnd(tf.cast(a, "bool"), tf.cast(b, "bool")),
  logicalOr: (a, b) => tf.logicalOr(tf.cast(a, "bool"), tf.cast(b, "bool")),
  maximum: tf.maximum,
  minimum: tf.minimum,
  mod: tf.mod,
  mul: tf.mul,
  notEqual: tf.notEqual,
  pow: tf.pow,
  prelu: tf.prelu,
  squaredDifference: tf.squaredDifference,
  sub: tf.sub
}

const pairs: ReadonlyArray<readonly [ReadonlyArray<number>, ReadonlyArray<number>]> = [
  [[5], [5]],
  [
    [3, 1],
    [1, 4]
  ],
  [[4], [3, 4]],
  [
    [2, 0],
    [2, 1]
  ],
  [
    [2, 1, 3, 1],
    [1, 4, 1, 2]
  ]
]

const reductions: Readonly<Record<string, (x: Tensor, axis: number | undefined) => Tensor>> = {
  all: (x, axis) => tf.all(tf.cast(x, "bool"), axis),
  any: (x, axis) => tf.any(tf.cast(x, "bool"), axis),
  argMax: (x, axis) => tf.argMax(x, axis ?? 0),
  argMin: (x, axis) => tf.argMin(x, axis ?? 0),
  max: (x, axis) => tf.max(x, axis),
  mean: (x, axis) => tf.mean(x, axis),
  min: (x, axis) => tf.min(x, axis),
  prod: (x, axis) => tf.prod(x, axis),
  sum: (x, axis) => tf.sum(x, axis)
}

/** Each on a dtype and a list of shapes: many tensors in one case, so that the suite stays fast. */
const many = (name: string, inputs: ReadonlyArray<ReadonlyArray<HostTensor.HostTensor>>, f: Forward["f"]): Forward => ({
  name,
  inputs: inputs.flat(),
  f: (...all) => {
    let at = 0
    return inputs.flatMap((own) => {
      const result = f(...all.slice(at, at + own.length))
      at += own.length
      return result as Tensor | Array<Tensor>
    })
  }
})

const elementwise = dtypes.flatMap((dtype) => [
  ...Object.entries(unary).map(([name, f]) =>
    many(
      `${name} of ${dtype}`,
      shapes.flatMap((shape, i) => [[drawn(shape, dtype, i)], [drawn(shape, dtype, i + 50, true)]]),
      f
    )
  ),
  ...Object.entries(binary).map(([name, f]) =>
    many(
      `${name} of ${dtype}`,
      pairs.flatMap(([a, b], i) =>
        [false, true].map((special) => [drawn(a, dtype, i + 100, special), drawn(b, dtype, i + 200, special)])
      ),
      f
    )
  ),
  ...Object.entries(reductions).flatMap(([name, f]) =>
    [undefined, 0, 1].map((axis) =>
      many(
        `${name} of ${dtype} over ${axis ?? "all"}`,
        [
          [3, 4],
          [2, 3, 4],
          [0, 3],
          [2, 0]
        ].flatMap((shape, i) => [[drawn(shape, dtype, i + 300)], [drawn(shape, dtype, i + 350, true)]]),
        (x) => f(x!, axis)
      )
    )
  ),
  ...dtypes.flatMap((to) => [
    many(
      `cast of ${dtype} to ${to}`,
      shapes.map((shape, i) => [drawn(shape, dtype, i + 400, true)]),
      (x) => tf.cast(x!, to)
    ),
    many(
      `where of ${dtype} and ${to}`,
      shapes.map((shape, i) => [drawn(shape, "bool", i), drawn(shape, dtype, i + 1), drawn(shape, to, i + 2)]),
      (condition, a, b) => tf.where(condition!, a!, b!)
    ),
    ...(dtype === to
      ? []
      : [
          many(
            `add of ${dtype} and ${to}`,
            pairs.map(([a, b], i) => [drawn(a, dtype, i), drawn(b, to, i + 9)]),
            (a, b) => tf.add(a!, b!)
          )
        ])
  ])
])

const ids = (...data: ReadonlyArray<number>) => HostTensor.fromArray(data, "int32")

const movers = dtypes.flatMap((dtype) => {
  const x = drawn([2, 3, 4], dtype, 7)
  return [
    of(`oneHot as ${dtype}`, [ids(3, -1, 0, 7, 2)], (i: Tensor) => [
      tf.oneHot(i, 4, 1, 0, dtype),
      tf.oneHot(tf.reshape(i, [5, 1]), 3, 5, 2, dtype),
      tf.oneHot(tf.slice(i, 0, 0), 3, 1, 0, dtype)
    ]),
    of(`moves of ${dtype}`, [x], (t: Tensor) => [
      tf.transpose(t, [2, 0, 1]),
      tf.tile(t, [1, 2, 2]),
      tf.reverse(t, [0, 2]),
      tf.pad(
        t,
        [
          [1, 0],
          [0, 2],
          [1, 1]
        ],
        1
      ),
      tf.mirrorPad(
        t,
        [
          [1, 0],
          [0, 2],
          [1, 1]
        ],
        "reflect"
      ),
      tf.slice(t, [0, 1, 1], [2, 2, 0]),
      tf.slice(t, [1, 1, 0], [1, 2, 3]),
      tf.concat([t, tf.slice(t, [0, 0, 0], [2, 0, 4]), t], 1),
      tf.stack([t, t], 2),
      ...tf.unstack(t, 1),
      ...tf.split(t, [1, 0, 3], 2),
      tf.stridedSlice(t, [1, -1, 0], [-3, 0, 4], [-1, -1, 3]),
      tf.gather(t, tf.tensor1d([2, 0, 2], "int32"), 1),
      tf.gather(t, tf.tensor1d([], "int32"), 1),
      tf.broadcastTo(tf.slice(t, [0, 0, 0], [1, 3, 4]), [2, 3, 4])
    ]),
    of(`cumulations of ${dtype}`, [x], (t: Tensor) =>
      [0, 1, 2].flatMap((axis) =>
        [false, true].flatMap((exclusive) => [
          tf.cumsum(t, axis, exclusive),
          tf.cumsum(t, axis, exclusive, true),
          tf.cumprod(t, axis, exclusive)
        ])
      )
    ),
    of(`indexed writes of ${dtype}`, [drawn([5, 3], dtype, 8), drawn([3, 3], dtype, 9)], (t: Tensor, u: Tensor) => [
      tf.tensorScatterUpdate(t, tf.tensor2d([[4], [0], [2]], [3, 1], "int32"), u),
      tf.scatterND(tf.tensor2d([[4], [0], [4]], [3, 1], "int32"), u, [5, 3]),
      tf.gatherND(
        t,
        tf.tensor2d(
          [
            [0, 2],
            [4, 1]
          ],
          [2, 2],
          "int32"
        )
      )
    ]),
    of(`ties in ${dtype}`, [drawn([6, 9], dtype === "float32" ? "int32" : dtype, 10)], (t: Tensor) => {
      const tied = tf.cast(t, dtype)
      const { values, indices } = tf.topk(tied, 4)
      return [tf.argMax(tied, 1), tf.argMin(tied, 1), values, indices]
    }),
    of(`products of ${dtype}`, [drawn([2, 1, 3, 4], dtype, 11), drawn([1, 3, 4, 2], dtype, 12)], (a: Tensor, b: Tensor) =>
      tf.matMul(a, b)
    )
  ]
})

/** A stride beyond the filter, a filter beyond the image. */
const windows = [1, 2, 3].flatMap((filter) =>
  (["same", "valid"] as const).map((pad) =>
    of(`windows of ${filter}, ${pad}`, [drawn([1, 7, 8, 2], "float32", 13)], (x: tf.Tensor4D) =>
      [1, 2, 3, 4].flatMap((stride) => [
        tf.conv2d(x, tf.fill([filter, 1, 2, 3], 0.5), stride, pad),
        tf.depthwiseConv2d(x, tf.fill([1, filter, 2, 1], 0.5), stride, pad),
        tf.maxPool(x, filter, stride, pad),
        tf.avgPool(x, filter, stride, pad),
        tf.fused.conv2d({ x, filter: tf.fill([filter, filter, 2, 1], 0.5), strides: stride, pad, activation: "relu6" })
      ])
    )
  )
)

const exact = [
  of("integers beyond float32", [ids(2 ** 24 + 1, 2 ** 31 - 1, -(2 ** 31)), ids(2 ** 24, 2, -1)], (a: Tensor, b: Tensor) => [
    tf.add(a, b),
    tf.sub(a, b),
    tf.mul(a, b),
    tf.equal(a, b),
    tf.maximum(a, b),
    tf.sum(a),
    tf.max(a),
    tf.argMax(a)
  ]),
  of("integers divided by zero", [ids(7, -7, 0), ids(0, 0, 0)], (a: Tensor, b: Tensor) => [
    tf.div(a, b),
    tf.floorDiv(a, b),
    tf.mod(a, b)
  ]),
  of("floats that are no int32", [drawn([40], "float32", 14, true)], (x: Tensor) => tf.cast(tf.mul(x, 1e9), "int32"))
]

const rows = of(
  "where by rows",
  [drawn([3], "bool", 20), drawn([3, 4], "float32", 21, true), drawn([3, 4], "float32", 22)],
  (condition: Tensor, a: Tensor, b: Tensor) => [tf.where(condition, a, b), tf.where(tf.reshape(condition, [3, 1]), a, b)]
)

export const forward: ReadonlyArray<Forward> = [elementwise, movers, windows, exact, rows].flat()

/** Ids out of range: refused, or zeros; never what lies beside the tensor. */
export const outOfRange: ReadonlyArray<Forward> = dtypes.flatMap((dtype) =>
  [4, -1, 1e9, -1e9].flatMap((bad) => {
    const x = drawn([4, 3], dtype, 15)
    return [
      of(`gather of ${dtype} at ${bad}`, [x, ids(0, bad)], (t: Tensor, i: Tensor) => tf.gather(t, i)),
      of(`gatherND of ${dtype} at ${bad}`, [x, ids(0, bad)], (t: Tensor, i: Tensor) => tf.gatherND(t, tf.reshape(i, [2, 1]))),
      of(`scatterND of ${dtype} at ${bad}`, [drawn([2, 3], dtype, 16), ids(0, bad)], (t: Tensor, i: Tensor) =>
        tf.scatterND(tf.reshape(i, [2, 1]), t, [4, 3])
      ),
      of(`unsortedSegmentSum of ${dtype} at ${bad}`, [drawn([2, 3], dtype, 17), ids(0, bad)], (t: Tensor, i: tf.Tensor1D) =>
        tf.unsortedSegmentSum(t, i, 4)
      )
    ]
  })
)
