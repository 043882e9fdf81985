/** The layers of transformers against formulas and numbers worked out apart from them. */
import "@tensorflow/tfjs-backend-cpu"
import { Result } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Activation from "../../../src/Model/Activation.ts"
import * as Masks from "../../../src/Model/Masks.ts"
import * as Objective from "../../../src/Model/Objective.ts"
import * as RelativePosition from "../../../src/Model/RelativePosition.ts"
import * as RmsNorm from "../../../src/Model/RmsNorm.ts"
import * as Rotary from "../../../src/Model/Rotary.ts"
import { register, valueAndGrads } from "../../../src/Tensor/Gradients.ts"
import { type Tensor, type Tensors, tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(async () => {
  await tf.setBackend("cpu")
  register()
})
afterAll(() => expect(tf.memory().numTensors).toBe(0))
const inTidy = (name: string, f: () => void) => it(name, () => void tf.tidy(f))

/** Known values of the functions at 1 and at -0.5, from their definitions in double precision. */
const known: Readonly<Record<string, readonly [atOne: number, below: number]>> = {
  gelu: [0.841344746, -0.154268769],
  gelu_python: [0.841344746, -0.154268769],
  gelu_10: [0.841344746, -0.154268769],
  gelu_new: [0.84119199, -0.15428599],
  gelu_fast: [0.84119199, -0.15428599],
  gelu_accurate: [0.84119199, -0.15428599],
  gelu_pytorch_tanh: [0.84119199, -0.15428599],
  gelu_python_tanh: [0.84119199, -0.15428599],
  quick_gelu: [0.845795766, -0.149611563],
  silu: [0.731058579, -0.188770335],
  swish: [0.731058579, -0.188770335],
  relu: [1, 0],
  relu2: [1, 0],
  relu6: [1, 0],
  leaky_relu: [1, -0.005],
  mish: [0.865098388, -0.220743775],
  laplace: [0.850429649, 0.000009383],
  sigmoid: [0.731058579, 0.377540669],
  tanh: [0.761594156, -0.462117157],
  linear: [1, -0.5]
}

describe.each(Object.keys(known))("activation %s", (name) => {
  const f = Result.getOrThrow(Activation.byName(name))
  inTidy("has its known values", () => {
    const [atOne, below] = f(tf.tensor1d([1, -0.5])).dataSync() as unknown as [number, number]
    expect(Math.abs(atOne - known[name]![0])).toBeLessThan(2e-6)
    expect(Math.abs(below - known[name]![1])).toBeLessThan(2e-6)
  })
  inTidy("has the slope of its values", () => {
    const at = [-3, -1.2, -0.4, 0.3, 0.9, 2.5]
    const { gradients } = valueAndGrads(({ x }) => ({ loss: tf.sum(f(x!)), aux: {} }), { x: tf.tensor1d(at) })
    const slopes = gradients.x!.dataSync()
    const step = 2 ** -7
    const values = (by: number) => f(tf.tensor1d(at.map((x) => x + by))).dataSync()
    const [after, before] = [values(step), values(-step)]
    for (const i of at.keys()) expect(Math.abs(slopes[i]! - (after[i]! - before[i]!) / (2 * step))).toBeLessThan(3e-4)
  })
})

it("all activations have known values here, and another name is refused with those there are", () => {
  const refused = Activation.byName("toString")
  expect(Result.isFailure(refused) && refused.failure.known.toSorted()).toEqual(Object.keys(known).sort())
})

inTidy("root mean square norm and its gradients are the derived ones", () => {
  const parameters: Tensors = {
    x: tf.tensor2d([
      [1, -2, 3],
      [0.5, 4, -1]
    ]),
    "n.weight": tf.tensor1d([0.5, 2, -1])
  }
  const target = tf.tensor2d([
    [1, 2, 3],
    [4, 5, 6]
  ])
  const plain = (p: Tensors) => tf.mul(tf.div(p.x!, tf.sqrt(tf.add(tf.mean(tf.square(p.x!), -1, true), 1e-3))), p["n.weight"]!)
  const ours = (p: Tensors) => RmsNorm.apply(p, "n", p.x!, { epsilon: 1e-3 })
  const of = (f: (p: Tensors) => Tensor) => valueAndGrads((p) => ({ loss: tf.sum(tf.mul(f(p), target)), aux: {} }), parameters)
  const [found, expected] = [of(ours), of(plain)]
  expect(tf.abs(tf.sub(found.loss, expected.loss)).dataSync()[0]).toBeLessThan(1e-5)
  for (const path of Object.keys(parameters))
    expect(tf.max(tf.abs(tf.sub(found.gradients[path]!, expected.gradients[path]!))).dataSync()[0], path).toBeLessThan(1e-5)
})

describe("masks", () => {
  const seen = (mask: Masks.Mask) => Array.from(mask!.dataSync(), (value) => (value === 0 ? 1 : 0))
  inTidy("a window hides what lies before it", () => {
    expect(seen(Masks.causal({ queries: 4, keys: 4, window: 2 }))).toEqual([1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1])
    expect(seen(Masks.causal({ queries: 2, keys: 4 }))).toEqual([1, 1, 1, 0, 1, 1, 1, 1])
    expect(Masks.causal({ queries: 1, keys: 4 })).toBeUndefined()
    expect(seen(Masks.causal({ queries: 1, keys: 4, window: 3 }))).toEqual([0, 1, 1, 1])
  })
  inTidy("a mask of queries and keys is taken as it is, and two hide what either hides without an infinity", () => {
    const own = Masks.padding(
      tf.tensor3d(
        [
          [
            [1, 0],
            [0, 0]
          ]
        ],
        [1, 2, 2],
        "int32"
      )
    )
    expect(own!.shape).toEqual([1, 1, 2, 2])
    const both = Masks.both(own, Masks.causal({ queries: 2, keys: 2 }))
    expect(seen(both)).toEqual([1, 0, 0, 0])
    expect(both!.dataSync().every(Number.isFinite)).toBe(true)
  })
})

it("distances have T5's buckets", () => {
  const row = (bidirectional: boolean, keys: number) =>
    Array.from(RelativePosition.buckets({ queries: keys, keys, buckets: 32, maxDistance: 128, bidirectional }).subarray(0, keys))
  // Ahead of the query: 16 buckets from 16 on, exact up to 8; a decoder's are all 0.
  expect(row(true, 14)).toEqual([0, 17, 18, 19, 20, 21, 22, 23, 24, 24, 24, 24, 25, 25])
  expect(row(false, 14)).toEqual(Array<number>(14).fill(0))
  const last = Array.from(
    RelativePosition.buckets({ queries: 1, keys: 200, buckets: 32, maxDistance: 128, bidirectional: false })
  )
  expect(last.slice(-18).reverse()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16])
  expect(last[0]).toBe(31)
})

describe("rotary positions", () => {
  const options = (scaling: Rotary.Scaling): Rotary.Options => ({ size: 8, theta: 10000, positions: 32, scaling })
  const angles = (scaling: Rotary.Scaling, length = 32) => Array.from(Rotary.frequencies(options(scaling), length).angles)
  const near = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>) =>
    found.forEach((value, i) => void expect(Math.abs(value / expected[i]! - 1), `pair ${i}`).toBeLessThan(1e-6))

  it("scale as each kind says", () => {
    near(angles({ rope_type: "default" }), [1, 0.1, 0.01, 0.001])
    near(angles({ rope_type: "linear", factor: 4 }), [0.25, 0.025, 0.0025, 0.00025])
    near(angles({ rope_type: "dynamic", factor: 2 }), [1, 0.1, 0.01, 0.001])
    // At twice the positions the base grows by (2 * 2 - 1) ** (8 / 6).
    const theta = 10000 * 3 ** (4 / 3)
    near(angles({ rope_type: "dynamic", factor: 2 }, 64), [1, theta ** -0.25, theta ** -0.5, theta ** -0.75])
    const llama3 = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 256
    } as const
    // Wavelengths 6.3 and 62.8 are short, 628 and 6283 long; in between lies nothing here.
    near(angles(llama3), [1, 0.1, 0.01 / 8, 0.001 / 8])
    const between = { ...llama3, original_max_position_embeddings: 128 }
    const smooth = (128 / (2 * Math.PI * 10) - 1) / 3
    near(angles(between), [1, ((1 - smooth) * 0.1) / 8 + smooth * 0.1, 0.01 / 8, 0.001 / 8])
    near(angles({ ...llama3, low_freq_factor: 2, high_freq_factor: 16, original_max_position_embeddings: 1024 }), [
      1,
      0.1,
      0.01 / 8,
      0.001 / 8
    ])
    const yarn = Rotary.frequencies(options({ rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 }), 32)
    expect(Math.abs(yarn.scale - (0.1 * Math.log(4) + 1))).toBeLessThan(1e-9)
    // The ramp runs from pair 0 (below it) to pair 1 (above it).
    near(Array.from(yarn.angles), [1, 0.025, 0.0025, 0.00025])
    const nulls = {
      original_max_position_embeddings: null,
      attention_factor: null,
      beta_fast: null,
      beta_slow: null,
      mscale: null,
      mscale_all_dim: null
    }
    expect(Rotary.frequencies(options({ rope_type: "yarn", factor: 4, ...nulls }), 32)).toEqual(yarn)
  })

  inTidy("turn pairs by position times angle, and keep lengths", () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 8])
    const rotate = Rotary.rotation(options({ rope_type: "default" }), tf.tensor2d([[0, 3]], [1, 2], "int32"), 2)
    const y = rotate(x).dataSync()
    expect(Array.from(y.slice(0, 8))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    for (const [pair, angle] of [1, 0.1, 0.01, 0.001].entries()) {
      const [a, b] = [pair + 1, pair + 5]
      expect(Math.abs(y[8 + pair]! - (a * Math.cos(3 * angle) - b * Math.sin(3 * angle)))).toBeLessThan(1e-5)
      expect(Math.abs(y[12 + pair]! - (b * Math.cos(3 * angle) + a * Math.sin(3 * angle)))).toBeLessThan(1e-5)
    }
  })

  it("an unknown scaling, or one without its numbers, is refused", () => {
    for (const given of [
      { rope_type: "longrope" },
      { type: "linear" },
      { rope_type: "llama3", factor: 2 },
      { rope_type: "toString" }
    ])
      expect(() => Rotary.scalingOf(given)).toThrow(Rotary.UnknownRope)
    expect(Rotary.scalingOf({ type: "dynamic", factor: 3 })).toMatchObject({ rope_type: "dynamic", factor: 3 })
    expect(Rotary.scalingOf(null)).toEqual({ rope_type: "default" })
  })
})

describe("objectives", () => {
  const numbers = ({ sum, count, items }: ReturnType<typeof Objective.nextToken>) =>
    [sum, count, ...(items === undefined ? [] : [items])].map((x) => x.dataSync()[0]!)

  inTidy("the problem type is the config's, or inferred from classes and labels", () => {
    const logits = tf.tensor2d([
      [0, Math.log(3)],
      [0, 0]
    ])
    const single = -Math.log(0.75) - Math.log(0.5)
    const [sum, count] = numbers(Objective.sequence(logits, tf.tensor1d([1, 0], "int32"))) as [number, number]
    expect([Math.abs(sum - single) < 1e-6, count]).toEqual([true, 2])
    const several = numbers(
      Objective.sequence(
        logits,
        tf.tensor2d([
          [1, 1],
          [0, 0]
        ])
      )
    )
    expect(Math.abs(several[0]! - (3 * Math.log(2) - Math.log(0.75)))).toBeLessThan(1e-6)
    expect(several[1]).toBe(4)
    expect(
      numbers(
        Objective.sequence(
          logits,
          tf.tensor2d([
            [1, 0],
            [0, 2]
          ]),
          "regression"
        )
      )[1]
    ).toBe(4)
    expect(numbers(Objective.sequence(tf.tensor2d([[1], [3]]), tf.tensor1d([2, 1], "int32")))).toEqual([5, 2])
  })

  inTidy("the next token: each place is held against the label after it, and items count the first ones too", () => {
    const logits = tf.zeros([2, 3, 5])
    const labels = tf.tensor2d(
      [
        [1, 2, 3],
        [4, -100, 2]
      ],
      [2, 3],
      "int32"
    )
    const [sum, count, items] = numbers(Objective.nextToken(logits, labels)) as [number, number, number]
    expect([count, items]).toEqual([3, 5])
    expect(Math.abs(sum - 3 * Math.log(5))).toBeLessThan(1e-5)
    expect(Array.from(Objective.shifted(labels).dataSync())).toEqual([2, 3, -100, -100, 2, -100])
  })

  inTidy("an answer's loss is the mean of its ends', and a place beyond the text does not count", () => {
    const startLogits = tf.tensor2d([
      [0, Math.log(3)],
      [0, 0]
    ])
    const endLogits = tf.zeros([2, 2])
    const places = { startPositions: tf.tensor1d([1, 7], "int32"), endPositions: tf.tensor1d([0, 1], "int32") }
    const [sum, count] = numbers(Objective.answer({ startLogits, endLogits, ...places })) as [number, number]
    expect(Math.abs(sum / count - (-Math.log(0.75) + Math.log(2)) / 2)).toBeLessThan(1e-6)
    expect(count).toBe(1.5)
  })

  inTidy("an answer's end that no row has is 0 in its loss, and without any answer the loss is 0 of 0", () => {
    const zeros = tf.zeros([2, 2])
    const at = (start: Array<number>, end: Array<number>) => {
      const places = { startPositions: tf.tensor1d(start, "int32"), endPositions: tf.tensor1d(end, "int32") }
      return numbers(Objective.answer({ startLogits: zeros, endLogits: zeros, ...places }))
    }
    const [sum, count] = at([7, 9], [0, 1]) as [number, number]
    expect(Math.abs(sum / count - Math.log(2) / 2)).toBeLessThan(1e-6)
    expect(at([7, 9], [7, 9])).toEqual([0, 0])
  })
})
