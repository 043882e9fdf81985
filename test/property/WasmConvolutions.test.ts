/**
 * Laws of convolutions, their gradients, max pooling's, biases and rectifiers on src/WasmKernels: values against float64 over random shapes, strides, dilations and paddings,
 * no less exact than the stock kernels, and the same bits in each run.
 */
import { beforeAll, describe, expect, it } from "@effect/vitest"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensor, tf } from "../../src/Tensor/Tensor.ts"
import { variants } from "../support/wasmKernels.ts"

type Shape = readonly [number, number, number, number]
type Padding = "same" | "valid" | readonly [top: number, bottom: number, left: number, right: number]

interface Case {
  readonly shape: Shape
  readonly filter: Shape
  readonly strides: readonly [number, number]
  readonly dilation: number
  readonly padding: Padding
}

const key = Key.make(12)
const random = (seed: number, shape: ReadonlyArray<number>): Tensor =>
  HostTensor.toDevice({ x: Random.normal(Key.fold(key, seed), shape) }).x!
const valuesOf = (x: Tensor) => x.dataSync() as Float32Array

const squares = (x: ArrayLike<number>) => Array.from(x).reduce((sum, value) => sum + value ** 2, 0)
/** The squared error relative to the numbers. */
const error = (found: ArrayLike<number>, exact: Float64Array) =>
  squares(exact.map((value, i) => found[i]! - value)) / (squares(exact) + 1e-300)

const fixed: ReadonlyArray<Case> = [
  { shape: [1, 1, 1, 1], filter: [1, 1, 1, 1], strides: [1, 1], dilation: 1, padding: "valid" },
  { shape: [2, 1, 1, 3], filter: [3, 3, 3, 2], strides: [1, 1], dilation: 1, padding: "same" },
  { shape: [2, 6, 7, 9], filter: [1, 1, 9, 13], strides: [1, 1], dilation: 1, padding: "valid" },
  { shape: [2, 6, 7, 9], filter: [1, 1, 9, 13], strides: [2, 3], dilation: 1, padding: "same" },
  { shape: [1, 6, 7, 3], filter: [1, 1, 3, 5], strides: [1, 1], dilation: 1, padding: [1, 0, 0, 1] },
  { shape: [1, 6, 7, 3], filter: [1, 1, 3, 5], strides: [1, 1], dilation: 1, padding: [1, 1, 0, 2] },
  { shape: [1, 8, 9, 2], filter: [3, 2, 2, 4], strides: [1, 1], dilation: 3, padding: "valid" },
  { shape: [2, 5, 6, 2], filter: [2, 5, 2, 3], strides: [3, 1], dilation: 1, padding: [0, 2, 3, 1] },
  { shape: [3, 40, 37, 11], filter: [3, 3, 11, 9], strides: [1, 1], dilation: 1, padding: "same" },
  { shape: [16, 28, 28, 1], filter: [3, 3, 1, 16], strides: [1, 1], dilation: 1, padding: "same" }
]

const drawn: ReadonlyArray<Case> = Array.from({ length: 24 }, (_, i) => {
  const draws = Random.uniform(Key.fold(Key.make(5), i), [10]).data as Float32Array
  const at = (j: number, below: number) => 1 + Math.floor(draws[j]! * below)
  const [height, width, channels] = [at(0, 9) + 3, at(1, 9) + 3, at(2, 9)]
  const strides = [at(3, 3), at(4, 3)] as const
  return {
    shape: [at(5, 3), height, width, channels],
    filter: [at(6, 4), at(7, 4), channels, at(8, 12)],
    strides,
    dilation: 1,
    padding: draws[9]! < 0.4 ? "same" : draws[9]! < 0.7 ? "valid" : [1, 0, 2, 1]
  }
})

const convolve = ({ strides, dilation, padding }: Case, x: Tensor, filter: Tensor): Tensor => {
  const [top, bottom, left, right] = typeof padding === "string" ? [] : padding
  const pad =
    typeof padding === "string"
      ? padding
      : [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0]
        ]
  return tf.conv2d(x as never, filter as never, [...strides], pad as never, "NHWC", dilation)
}

/** The convolution and its gradients for the slope `dy`, in float64. */
const exactly = (test: Case, x: Float32Array, filter: Float32Array, dy: Float32Array, out: ReadonlyArray<number>) => {
  const [, height, width, channels] = test.shape
  const [filterHeight, filterWidth, , outputs] = test.filter
  const [, outHeight, outWidth] = out as [number, number, number]
  const begin = (axis: 0 | 1) => {
    const [input, output, size, stride] = [test.shape[axis + 1]!, out[axis + 1]!, test.filter[axis]!, test.strides[axis]]
    if (typeof test.padding !== "string") return test.padding[axis * 2]!
    const overhang = (output - 1) * stride + (size - 1) * test.dilation + 1 - input
    return test.padding === "valid" ? 0 : Math.floor(Math.max(0, overhang) / 2)
  }
  const [top, left] = [begin(0), begin(1)]
  const [y, dx, dFilter] = [new Float64Array(dy.length), new Float64Array(x.length), new Float64Array(filter.length)]
  for (let position = 0; position < dy.length / outputs; position++) {
    const [n, i, j] = [
      Math.floor(position / outHeight / outWidth),
      Math.floor(position / outWidth) % outHeight,
      position % outWidth
    ]
    for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
      const row = i * test.strides[0] + Math.floor(tap / filterWidth) * test.dilation - top
      const column = j * test.strides[1] + (tap % filterWidth) * test.dilation - left
      if (row < 0 || row >= height || column < 0 || column >= width) continue
      for (let c = 0; c < channels; c++)
        for (let o = 0; o < outputs; o++) {
          const [at, by, to] = [
            ((n * height + row) * width + column) * channels + c,
            (tap * channels + c) * outputs + o,
            position * outputs + o
          ]
          y[to] = y[to]! + x[at]! * filter[by]!
          dx[at] = dx[at]! + dy[to]! * filter[by]!
          dFilter[by] = dFilter[by]! + dy[to]! * x[at]!
        }
    }
  }
  return [y, dx, dFilter] as const
}

for (const { variant, without, start } of variants) {
  describe(`convolutions of wasm (${variant})`, () => {
    beforeAll(start)

    it("conv2d and its gradients: against float64, no less exact than the stock kernels, the same bits again", () => {
      const totals = { own: [0, 0, 0], stock: [0, 0, 0] }
      for (const [seed, test] of [...fixed, ...drawn].entries()) {
        const [x, filter] = [random(3 * seed, test.shape), random(3 * seed + 1, test.filter)]
        const out = convolve(test, x, filter).shape
        if (out.includes(0)) continue
        const dy = random(3 * seed + 2, out)
        const f = () => {
          const gradients = tf.grads((x: Tensor, filter: Tensor) => tf.sum(tf.mul(convolve(test, x, filter), dy)))([x, filter])
          return [convolve(test, x, filter), ...gradients].map(valuesOf)
        }
        const exact = exactly(test, valuesOf(x), valuesOf(filter), valuesOf(dy), out)
        const [own, stock] = [f(), without(f)]
        expect(f(), JSON.stringify(test)).toEqual(own)
        exact.forEach((values, i) => {
          expect(own[i]!.length).toBe(values.length)
          const squared = error(own[i]!, values)
          expect(Math.sqrt(squared), `${JSON.stringify(test)}, ${["value", "x", "filter"][i]}`).toBeLessThan(1e-6)
          totals.own[i]! += squared
          totals.stock[i]! += error(stock[i]!, values)
        })
      }
      // Roundings of single numbers are random: only their sum can be expected to be no worse.
      totals.own.forEach((sum, i) => {
        expect(Math.sqrt(sum)).toBeLessThanOrEqual(Math.sqrt(totals.stock[i]!) * 1.05)
      })
    })

    it("conv2d: an empty batch, and a NaN that reaches the windows that see it alone", () => {
      expect((tf.conv2d(tf.zeros([0, 4, 4, 2]) as never, tf.ones([3, 3, 2, 5]) as never, 1, "same") as Tensor).shape).toEqual([
        0, 4, 4, 5
      ])
      const data = new Float32Array(6 * 6).fill(1)
      data[2 * 6 + 1] = Number.NaN
      const y = valuesOf(tf.conv2d(tf.tensor4d(data, [1, 6, 6, 1]), tf.ones([3, 3, 1, 1]), 1, "valid"))
      y.forEach((value, at) => {
        const sees = Math.floor(at / 4) <= 2 && at % 4 <= 1
        expect(value).toBe(sees ? Number.NaN : 9)
      })
    })

    it("the gradient of max pooling by 2 x 2: the stock kernels' bits where maxima are equal, a NaN or outside", () => {
      for (const [shape, strides, pad] of [
        [[2, 4, 6, 8], 2, "valid"],
        [[2, 4, 6, 7], 2, "valid"],
        [[1, 5, 7, 4], 2, "valid"],
        [[1, 5, 7, 4], 2, "same"],
        [[1, 7, 8, 4], 3, "valid"],
        [[2, 6, 6, 4], 1, "valid"]
      ] as const) {
        // What is freed before has other numbers than 0.
        tf.dispose(tf.fill(shape as never, 7))
        const x = tf.round(random(4, shape))
        const odd = tf.where(tf.greater(random(5, shape), 1.5), Number.NaN, x)
        for (const input of [x, odd]) {
          const dy = random(6, (tf.maxPool(input as never, 2, strides, pad) as Tensor).shape)
          const pool = (x: Tensor) => tf.sum(tf.mul(tf.maxPool(x as never, 2, strides, pad) as Tensor, dy))
          const f = () => valuesOf(tf.grad(pool)(input))
          expect(f()).toEqual(without(f))
        }
      }
    })

    it("relu and its gradient: the stock kernels' bits, and NaN and infinity passed on", () => {
      for (const shape of [[1], [5], [4, 3, 7], [1003]]) {
        const [x, dy] = [random(1, shape), random(2, shape)]
        const f = () => [tf.relu(x), tf.grad((x: Tensor) => tf.sum(tf.mul(tf.relu(x), dy)))(x)].map(valuesOf)
        expect(f()).toEqual(without(f))
      }
      const x = tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 2])
      expect([...valuesOf(tf.relu(x))]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0, 0, 0, 2])
      const slope = (dy: number) => [...valuesOf(tf.grad((x: Tensor) => tf.sum(tf.mul(tf.relu(x), dy)))(x))]
      expect(slope(3)).toEqual([Number.NaN, 3, 0, 0, 0, 3])
      expect(slope(Number.NaN)).toEqual(Array(6).fill(Number.NaN))
      expect(tf.relu(tf.zeros([0, 3])).shape).toEqual([0, 3])
    })

    it("add: a bias to rows, on either side, has the stock kernel's bits", () => {
      for (const shape of [
        [2, 1],
        [3, 2],
        [5, 7],
        [2, 3, 4, 16],
        [1, 1, 9]
      ]) {
        const [x, bias] = [random(1, shape), random(2, [shape.at(-1)!])]
        const f = () => [tf.add(x, bias), tf.add(bias, x)].map((y) => [y.shape, valuesOf(y)])
        expect(f()).toEqual(without(f))
      }
      const integers = tf.add(tf.tensor2d([[2 ** 24, 1]], undefined, "int32"), tf.tensor1d([1, 2], "int32"))
      expect([...integers.dataSync()]).toEqual([2 ** 24 + 1, 3])
    })
  })
}
