import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"

const seed = fc.maxSafeInteger()
const place = fc.oneof(fc.maxSafeInteger(), fc.string({ unit: "binary" }))

it("a permutation contains every index once", () => {
  fc.assert(
    fc.property(seed, fc.nat(300), (s, n) => {
      const order = Random.permutation(Key.make(s), n)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
    }),
    { numRuns: 200 }
  )
})

it("a draw is a function of its key, and a shorter one is its prefix", () => {
  fc.assert(
    fc.property(seed, place, fc.nat(50), fc.nat(50), (s, where, n, more) => {
      const key = Key.fold(Key.make(s), where)
      for (const draw of [Random.uniform, Random.normal, Random.truncatedNormal]) {
        expect([...draw({ ...key }, [n + more]).data.slice(0, n)]).toEqual([...draw(key, [n]).data])
      }
    }),
    { numRuns: 200 }
  )
})

it("uniform numbers are in [0, 1), normal numbers are finite", () => {
  fc.assert(
    fc.property(seed, (s) => {
      expect(Random.uniform(Key.make(s), [64]).data.every((x) => x >= 0 && x < 1)).toBe(true)
      expect(Random.normal(Key.make(s), [64]).data.every(Number.isFinite)).toBe(true)
    }),
    { numRuns: 500 }
  )
})

it("categorical never draws a class of probability 0", () => {
  const logit = fc.oneof(fc.float({ min: -80, max: 80, noNaN: true }), fc.constant(Number.NEGATIVE_INFINITY))
  const row = fc.array(logit, { minLength: 1, maxLength: 6 }).filter((logits) => logits.some(Number.isFinite))
  fc.assert(
    fc.property(seed, row, (s, logits) => {
      const drawn = Random.categorical(Key.make(s), HostTensor.fromArray([logits])).data[0]!
      expect(logits[drawn]).toBeGreaterThan(Number.NEGATIVE_INFINITY)
    }),
    { numRuns: 500 }
  )
})

it("keys folded with different data differ", () => {
  fc.assert(
    fc.property(seed, place, place, (s, a, b) => {
      fc.pre(!Object.is(a, b) && !(a === 0 && b === 0) && wellFormed(a) && wellFormed(b))
      expect(Key.fold(Key.make(s), a)).not.toEqual(Key.fold(Key.make(s), b))
    }),
    { numRuns: 500 }
  )
})

/** UTF-8 has no lone surrogates. */
const wellFormed = (text: number | string) => typeof text === "number" || text.isWellFormed()
