/**
 * Laws of the kernels that src/WasmKernels puts in the place of TensorFlow.js's: values against float64, no less exact than the stock kernel's, for random
 * shapes and edges, with each module.
 */
import { beforeAll, describe, expect, it } from "@effect/vitest"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensor, tf } from "../../src/Tensor/Tensor.ts"
import { variants } from "../support/wasmKernels.ts"

type Numbers = ArrayLike<number>

const key = Key.make(3)
const random = (seed: number, shape: ReadonlyArray<number>): Tensor =>
  HostTensor.toDevice({ x: Random.normal(Key.fold(key, seed), shape) }).x!
const draws = (seed: number, n: number, below: number) =>
  [...(Random.uniform(Key.fold(Key.make(9), seed), [n]).data as Float32Array)].map((x) => 1 + Math.floor(x * below))
const valuesOf = (x: Tensor) => x.dataSync() as Float32Array
/** The root of the mean square error, relative to the numbers. */
const rms = (found: Numbers, exact: Numbers) => {
  let [errors, squares] = [0, 1e-300]
  for (let i = 0; i < exact.length; i++) {
    errors += (found[i]! - exact[i]!) ** 2
    squares += exact[i]! ** 2
  }
  return Math.sqrt(errors / squares)
}

/** The product in float64, of `[batch, ...]` tensors. */
const multiply = (a: Tensor, b: Tensor, ta: boolean, tb: boolean): Float64Array => {
  const [batchA, batchB] = [a.shape[0]!, b.shape[0]!]
  const [m, k] = ta ? [a.shape[2]!, a.shape[1]!] : [a.shape[1]!, a.shape[2]!]
  const n = tb ? b.shape[1]! : b.shape[2]!
  const batch = Math.max(batchA, batchB)
  const [x, y, out] = [valuesOf(a), valuesOf(b), new Float64Array(batch * m * n)]
  for (let q = 0; q < batch; q++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let p = 0; p < k; p++) {
          const left = x[(batchA === 1 ? 0 : q) * m * k + (ta ? p * m + i : i * k + p)]!
          const right = y[(batchB === 1 ? 0 : q) * k * n + (tb ? j * k + p : p * n + j)]!
          sum += left * right
        }
        out[(q * m + i) * n + j] = sum
      }
  return out
}

const forms = [false, true].flatMap((ta) => [false, true].map((tb) => [ta, tb] as const))

/** erf in float64: the series near 0, the continued fraction of its complement beyond. */
const erf = (x: number): number => {
  const t = Math.abs(x)
  if (t < 2.5) {
    let [sum, term] = [x, x]
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (t + fraction)
  return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction))
}

for (const { variant, without, start } of variants) {
  describe(`kernels of wasm (${variant})`, () => {
    beforeAll(start)

    it("matMul: random shapes in all transpositions, also across the blocks of the product", () => {
      const shapes = [
        [1, 1, 1, 1, 1],
        [1, 1, 6, 8, 256],
        [1, 1, 7, 9, 257],
        [1, 1, 193, 513, 3],
        [1, 1, 1, 5, 300],
        [1, 1, 300, 1, 5],
        [3, 3, 5, 6, 7],
        [1, 3, 5, 6, 7],
        [3, 1, 5, 6, 7],
        ...Array.from({ length: 12 }, (_, i) => [1, 1, ...draws(i, 3, 70)]),
        ...Array.from({ length: 6 }, (_, i) => [4, 4, ...draws(100 + i, 3, 20)])
      ] as unknown as ReadonlyArray<[number, number, number, number, number]>
      const total = { own: 0, stock: 0 }
      for (const [batchA, batchB, m, n, k] of shapes)
        for (const [ta, tb] of forms) {
          const a = random(m, ta ? [batchA, k, m] : [batchA, m, k])
          const b = random(n + 1, tb ? [batchB, n, k] : [batchB, k, n])
          const exact = multiply(a, b, ta, tb)
          const product = () => valuesOf(tf.matMul(a, b, ta, tb))
          expect(product().length).toBe(exact.length)
          const [own, stock] = [rms(product(), exact), rms(without(product), exact)]
          expect(own).toBeLessThan(2e-6)
          total.own += own
          total.stock += stock
        }
      // In a single product of few numbers chance decides.
      expect(total.own).toBeLessThanOrEqual(1.02 * total.stock)
    })

    it("matMul: batches that broadcast on both sides", () => {
      const [a, b] = [random(1, [2, 1, 3, 4]), random(2, [5, 4, 6])]
      const found = valuesOf(tf.matMul(a as never, b as never))
      const wide = [tf.tile(a, [1, 5, 1, 1]), tf.tile(tf.expandDims(b), [2, 1, 1, 1])] as [Tensor, Tensor]
      const [left, right] = [tf.reshape(wide[0], [10, 3, 4]), tf.reshape(wide[1], [10, 4, 6])]
      expect(rms(found, multiply(left, right, false, false))).toBeLessThan(3e-7)
    })

    it("matMul: a part of the rows or columns has the bits of the whole", () => {
      const [a, b] = [random(1, [200, 300]), random(2, [300, 530])]
      const whole = tf.matMul(a as never, b as never)
      const rows = tf.matMul(tf.slice(a, [11, 0], [150, 300]) as never, b as never)
      expect(valuesOf(rows)).toEqual(valuesOf(tf.slice(whole, [11, 0], [150, 530])))
      const columns = tf.matMul(a as never, tf.slice(b, [0, 19], [300, 97]) as never)
      expect(valuesOf(columns)).toEqual(valuesOf(tf.slice(whole, [0, 19], [200, 97])))
    })

    it("matMul: NaN and infinity reach their row and column alone", () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const data = new Float32Array(7 * 9).fill(1)
        data[3 * 9 + 2] = bad
        const product = valuesOf(tf.matMul(tf.tensor2d(data, [7, 9]), tf.ones([9, 11])))
        product.forEach((x, at) => {
          expect(x).toBe(Math.floor(at / 11) === 3 ? bad : 9)
        })
      }
    })

    it("matMul: empty tensors, and integers to the bit", () => {
      expect(tf.matMul(tf.ones([0, 3]), tf.ones([3, 2])).shape).toEqual([0, 2])
      expect([...valuesOf(tf.matMul(tf.ones([2, 0]), tf.ones([0, 2])))]).toEqual([0, 0, 0, 0])
      const [a, b] = [tf.tensor2d([[2 ** 24 + 1, 1]], undefined, "int32"), tf.tensor2d([[1], [2]], undefined, "int32")]
      expect([...tf.matMul(a, b).dataSync()]).toEqual([2 ** 24 + 3])
    })

    it("sum and mean: relative error below 1e-6 over any axes, and no more than the stock kernel's", () => {
      const cases = [
        [[1], [0]],
        [[5], [0]],
        [[100_003], [0]],
        [[3, 5000], [1]],
        [[5000, 3], [0]],
        [[70, 6, 19], [1]],
        [
          [70, 6, 19],
          [0, 2]
        ],
        [
          [4, 5, 6, 7],
          [0, 2]
        ],
        [
          [4, 5, 6, 7],
          [1, 2]
        ],
        [
          [4, 5, 6, 7],
          [0, 1, 2, 3]
        ],
        [[129, 37], [0]],
        [[2, 1, 3], [1]]
      ] as const
      for (const [shape, axes] of cases)
        for (const keepDims of [false, true]) {
          const x = tf.square(random(shape.length, shape))
          const own = tf.sum(x, [...axes], keepDims)
          const exact = sumOf(x, axes)
          const count = x.size / exact.length
          expect(own.shape).toEqual(
            shape.flatMap((n, i) => (!(axes as ReadonlyArray<number>).includes(i) ? [n] : keepDims ? [1] : []))
          )
          const worst = (y: Tensor, scale = 1) =>
            valuesOf(y).reduce((w, v, i) => Math.max(w, Math.abs((v * scale) / exact[i]! - 1)), 0)
          expect(worst(own)).toBeLessThan(1e-6)
          expect(worst(own)).toBeLessThanOrEqual(
            Math.max(
              1e-7,
              without(() => worst(tf.sum(x, [...axes], keepDims)))
            )
          )
          expect(worst(tf.mean(x, [...axes], keepDims), count)).toBeLessThan(1e-6)
        }
    })

    it("sum: 4 million positive numbers, where the stock kernel is 1e-3 off", () => {
      const x = tf.square(random(1, [4_000_000]))
      const exact = sumOf(x, [0])[0]!
      const error = () => Math.abs(valuesOf(tf.sum(x))[0]! / exact - 1)
      expect(error()).toBeLessThan(1e-6)
      expect(without(error)).toBeGreaterThan(1e-4)
      x.dispose()
    })

    it("sum: NaN and infinity are passed on", () => {
      const x = tf.tensor2d([
        [1, Number.NaN, 3],
        [1, Number.POSITIVE_INFINITY, 2],
        [1, 2, 3]
      ])
      expect([...valuesOf(tf.sum(x, 1))]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 6])
      expect([...valuesOf(tf.sum(x, 0))]).toEqual([3, Number.NaN, 8])
    })

    it("exp, erf and tanh: within 3 ulp of float64, no worse than the stock kernels, NaN and limits right", () => {
      const n = 40_003
      const functions = [
        ["exp", (x: Tensor) => tf.exp(x), Math.exp, 87],
        ["erf", (x: Tensor) => tf.erf(x), erf, 6],
        ["tanh", (x: Tensor) => tf.tanh(x), Math.tanh, 12]
      ] as const
      for (const [name, f, exact, range] of functions) {
        const x = Float32Array.from({ length: n }, (_, i) => ((2 * i) / (n - 1) - 1) * range)
        const worst = () =>
          valuesOf(f(tf.tensor1d(x))).reduce(
            (w, y, i) => Math.max(w, Math.abs(y - exact(x[i]!)) / (Math.abs(exact(x[i]!)) + 1e-38)),
            0
          )
        expect(worst(), name).toBeLessThan(3.6e-7)
        expect(worst(), name).toBeLessThanOrEqual(Math.max(2.4e-7, without(worst)))
        const edges = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1e-30]
        const limits = valuesOf(f(tf.tensor1d(edges)))
        edges.forEach((edge, i) => {
          const wanted = name === "erf" && Number.isFinite(edge) ? erf(edge) : name === "erf" ? Math.sign(edge) : exact(edge)
          if (Number.isNaN(wanted)) expect(limits[i]).toBeNaN()
          else if (edge === 1e-30) expect(limits[i]! / wanted).toBeCloseTo(1, 6)
          else expect(limits[i]).toBe(wanted)
        })
        expect(f(tf.zeros([0, 2])).shape).toEqual([0, 2])
      }
      expect([...valuesOf(tf.exp(tf.tensor1d([88.7, 89, -87.5, -103.2, -104])))]).toEqual(
        [88.7, 89, -87.5, -103.2, -104].map((x, i) =>
          i === 1 ? Number.POSITIVE_INFINITY : expect.closeTo(Math.exp(Math.fround(x)), i === 0 ? -33 : 44)
        )
      )
    })

    it("softmax and its gradient: against float64, a row with a NaN is NaN", () => {
      for (const [rows, columns] of [
        [1, 1],
        [3, 4],
        [5, 7],
        [2, 1003]
      ] as const) {
        const x = tf.mul(random(columns, [rows, columns]), 4)
        const own = () => valuesOf(tf.softmax(x))
        const exact = softmaxOf(valuesOf(x), columns)
        expect(rms(own(), exact)).toBeLessThan(
          Math.max(
            3e-7,
            without(() => rms(own(), exact))
          )
        )
        const dy = random(1, [rows, columns])
        const gradient = () => valuesOf(tf.grad((z: Tensor) => tf.sum(tf.mul(tf.softmax(z), dy)))(x))
        expect(rms(gradient(), Float64Array.from(without(gradient)))).toBeLessThan(2e-6)
      }
      const y = valuesOf(
        tf.softmax(
          tf.tensor2d([
            [1, Number.NaN, 2],
            [Number.NEGATIVE_INFINITY, 0, 0]
          ])
        )
      )
      expect([...y]).toEqual([Number.NaN, Number.NaN, Number.NaN, 0, 0.5, 0.5])
    })

    it("conv2d, its gradients and that of max pooling: as the stock kernels, over strides, paddings and chunks of the result", () => {
      for (const [shape, filter, strides, pad] of [
        [[1, 5, 5, 1], [3, 3, 1, 2], 1, "same"],
        [[2, 7, 6, 3], [3, 2, 3, 5], [2, 1], "valid"],
        [[3, 9, 9, 4], [5, 5, 4, 8], 2, "same"],
        [[2, 4, 4, 6], [1, 1, 6, 3], 1, "valid"],
        [[2, 3, 3, 2], [4, 4, 2, 2], 1, "same"],
        [[4, 33, 40, 16], [3, 3, 16, 7], 1, "same"]
      ] as const) {
        const [x, w] = [random(1, shape), random(2, filter)]
        const convolve = (x: Tensor, w: Tensor) => tf.conv2d(x as never, w as never, strides as never, pad) as Tensor
        const f = () => {
          const dy = random(3, convolve(x, w).shape)
          return [convolve(x, w), ...tf.grads((x: Tensor, w: Tensor) => tf.sum(tf.mul(convolve(x, w), dy)))([x, w])].map(valuesOf)
        }
        const [own, stock] = [f(), without(f)]
        own.forEach((values, i) => {
          // The stock gradient of a filter adds up thousands of positions one after the other.
          expect(rms(values, stock[i]!)).toBeLessThan(3e-6)
        })
      }
      for (const [shape, size, strides, pad] of [
        [[1, 4, 4, 1], 2, 2, "valid"],
        [[2, 7, 5, 6], 3, 2, "same"],
        [[3, 6, 6, 8], [2, 3], 1, "same"],
        [[2, 5, 5, 3], 2, 3, "valid"]
      ] as const) {
        // Rounded, so that a window has several largest elements.
        const x = tf.sub(tf.round(random(4, shape)), 5)
        const pool = (x: Tensor) => tf.maxPool(x as never, size as never, strides, pad)
        const f = () => valuesOf(tf.grad((x: Tensor) => tf.sum(tf.square(pool(x))))(x))
        expect(f()).toEqual(without(f))
      }
    })

    it("gather and its gradient, transposes of heads and clones move what the stock kernels move", () => {
      for (const [shape, indices] of [
        [
          [5, 3],
          [4, 0, 4]
        ],
        [[5, 2, 4], [0]],
        [[7], [6, 6, 1]]
      ] as const) {
        const [x, at] = [random(1, shape), tf.tensor1d([...indices], "int32")]
        const f = () => [tf.gather(x, at), tf.grad((x: Tensor) => tf.sum(tf.square(tf.gather(x, at))))(x)].map(valuesOf)
        expect(f()).toEqual(without(f))
      }
      for (const [shape, permutation] of [
        [
          [2, 3, 4, 5],
          [0, 2, 1, 3]
        ],
        [
          [3, 4, 8],
          [1, 0, 2]
        ],
        [
          [3, 4, 8],
          [0, 2, 1]
        ],
        [
          [2, 3, 4, 1],
          [0, 2, 1, 3]
        ]
      ] as const)
        for (const dtype of ["float32", "int32"] as const) {
          const x = tf.cast(tf.mul(random(2, shape), 1000), dtype)
          const f = () => [...tf.transpose(x, [...permutation]).dataSync()]
          expect(f()).toEqual(without(f))
        }
      for (const [shape, sizes, axis] of [
        [[4, 6], 3, 1],
        [[2, 3, 10], [1, 7, 2], 2],
        [[6, 5], [2, 0, 4], 0],
        [[2, 4, 3], 2, 1]
      ] as const) {
        const f = () => tf.split(random(1, shape), typeof sizes === "number" ? sizes : [...sizes], axis).map(valuesOf)
        expect(f()).toEqual(without(f))
      }
      expect(() => tf.gather(tf.ones([2, 2]), tf.tensor1d([2], "int32"))).toThrow(/not in \[0, 1\]/)
      const before = tf.memory().numTensors
      const x = tf.tensor1d([1, 2])
      const clone = tf.clone(x)
      x.dispose()
      expect([...valuesOf(clone)]).toEqual([1, 2])
      clone.dispose()
      expect(tf.memory().numTensors).toBe(before)
    })
  })
}

const softmaxOf = (x: Float32Array, columns: number): Float64Array => {
  const out = Float64Array.from(x)
  for (let row = 0; row < x.length; row += columns) {
    const part = out.subarray(row, row + columns)
    const top = Math.max(...part)
    for (let j = 0; j < columns; j++) part[j] = Math.exp(part[j]! - top)
    const total = part.reduce((a, b) => a + b, 0)
    for (let j = 0; j < columns; j++) part[j] = part[j]! / total
  }
  return out
}

const sumOf = (x: Tensor, axes: ReadonlyArray<number>): Float64Array => {
  const data = valuesOf(x)
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n))
  const out = new Float64Array(HostTensor.sizeOf(kept))
  data.forEach((value, index) => {
    let [rest, to, stride] = [index, 0, 1]
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      const n = x.shape[axis]!
      if (!axes.includes(axis)) {
        to += (rest % n) * stride
        stride *= n
      }
      rest = Math.floor(rest / n)
    }
    out[to] = out[to]! + value
  })
  return out
}
