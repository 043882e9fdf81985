import { readFileSync } from "node:fs"
import { crc32 } from "node:zlib"
import { describe, expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"

interface Recorded {
  readonly cases: ReadonlyArray<{ readonly seed: readonly [number, number]; readonly bits: ReadonlyArray<number> }>
  readonly large: ReadonlyArray<{ readonly seed: readonly [number, number]; readonly count: number; readonly crc32: number }>
}
const recorded: Recorded = JSON.parse(readFileSync(new URL("philox.json", import.meta.url), "utf8"))
const keyOf = ([hi, lo]: readonly [number, number]) => ({ hi: hi >>> 0, lo: lo >>> 0 })
const bytesOf = ({ buffer }: HostTensor.Values) => new Uint8Array(buffer)

const moments = (values: HostTensor.Values) => {
  const data = [...values]
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length
  const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length
  return { mean, stddev: Math.sqrt(variance) }
}

describe("uniform", () => {
  it.each(recorded.cases)("has TensorFlow's bits for seed $seed", ({ seed, bits }) => {
    const { data } = Random.uniform(keyOf(seed), [bits.length])
    expect([...new Uint32Array(data.buffer)]).toEqual(bits)
  })
  it.each(recorded.large)("has TensorFlow's $count numbers for seed $seed", ({ seed, count, crc32: sum }) => {
    expect(crc32(bytesOf(Random.uniform(keyOf(seed), [count]).data))).toBe(sum)
  })
})

describe("normal and truncatedNormal", () => {
  const n = 200_000
  it("have the moments of their distributions", () => {
    const normal = Random.normal(Key.make(1), [n]).data
    expect(moments(normal).mean).toBeCloseTo(0, 2)
    expect(moments(normal).stddev).toBeCloseTo(1, 2)
    const beyondTwo = normal.filter((z) => Math.abs(z) > 2).length / n
    expect(beyondTwo).toBeCloseTo(0.0455, 2)
    const truncated = Random.truncatedNormal(Key.make(1), [n]).data
    expect(moments(truncated).stddev).toBeCloseTo(0.8796, 2)
    expect(truncated.every((z) => Math.abs(z) <= 2)).toBe(true)
  })
  it("are Box-Muller's, in every eighth of a turn", () => {
    // The words of the normals: a uniform number is the lower 23 bits of its word, so compare angles and radii by what they were made of.
    const z = Random.normal(Key.make(5), [20_000]).data
    const uniform = Random.uniform(Key.make(5), [z.length]).data
    const eighths = new Set<number>()
    for (let i = 0; i < z.length; i += 2) {
      const angle = Math.atan2(z[i + 1]!, z[i]!) / (2 * Math.PI)
      eighths.add(Math.floor((angle < 0 ? angle + 1 : angle) * 8))
      if (i < 200) expect(((((angle * 512) % 1) + 1) % 1) - uniform[i + 1]!).toBeCloseTo(0, 3)
    }
    expect(eighths.size).toBe(8)
  })
  it("have recorded bits", () => {
    expect(crc32(bytesOf(Random.normal(Key.make(5), [20_000]).data))).toBe(2821271541)
    expect(crc32(bytesOf(Random.truncatedNormal(Key.make(5), [20_000]).data))).toBe(1057799796)
  })
  it("are finite and prefix-stable for odd sizes", () => {
    for (const draw of [Random.normal, Random.truncatedNormal, Random.uniform]) {
      const long = draw(Key.make(7), [1001]).data
      expect(long.every(Number.isFinite)).toBe(true)
      expect([...draw(Key.make(7), [33]).data]).toEqual([...long.slice(0, 33)])
      expect(draw(Key.make(7), [0]).data.length).toBe(0)
    }
  })
})

describe("bernoulli", () => {
  it("is true where the uniform number is below the probability", () => {
    const key = Key.make(3)
    const uniform = Random.uniform(key, [5000]).data
    for (const probability of [0, 0.1, 0.5, 1]) {
      const mask = Random.bernoulli(key, probability, [5000]).data
      expect([...mask]).toEqual([...uniform].map((u) => (u < probability ? 1 : 0)))
    }
  })
  it.each([-0.1, 1.1, Number.NaN])("refuses %s", (probability) => {
    expect(() => Random.bernoulli(Key.make(0), probability, [1])).toThrow(Random.InvalidDistribution)
  })
})

describe("permutation", () => {
  it("is uniform over the orders of three", () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = Random.permutation(Key.fold(Key.make(5), i), 3).join("")
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
  it.each([-1, 1.5, 2 ** 31, Number.NaN])("refuses %s elements", (n) => {
    expect(() => Random.permutation(Key.make(0), n)).toThrow(Random.InvalidDistribution)
  })
})

describe("categorical", () => {
  it("draws classes by their probabilities, and never an impossible one", () => {
    const rows = 20_000
    const row = [Math.log(1), Math.log(3), Number.NEGATIVE_INFINITY, Math.log(6)]
    const { data, shape } = Random.categorical(Key.make(2), HostTensor.fromArray(Array.from({ length: rows }, () => row)))
    expect(shape).toEqual([rows])
    const share = (k: number) => data.filter((drawn) => drawn === k).length / rows
    expect(share(2)).toBe(0)
    for (const [k, p] of [
      [0, 0.1],
      [1, 0.3],
      [3, 0.6]
    ] as const)
      expect(Math.abs(share(k) - p)).toBeLessThan(0.015)
  })
  it("refuses rows without a finite maximum", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => Random.categorical(Key.make(2), HostTensor.fromArray([[0, bad]]))).toThrow(Random.InvalidDistribution)
    }
    expect(() => Random.categorical(Key.make(2), HostTensor.zeros([2, 0]))).toThrow(Random.InvalidDistribution)
  })
})
