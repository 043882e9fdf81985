import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Sampler from "../../src/Data/Sampler.ts"

const cases = { numRuns: 300 }

describe("Sampler", () => {
  test("an order is a permutation", () =>
    fc.assert(
      fc.property(fc.nat(200), fc.integer(), (size, seed) => {
        const order = Sampler.torchPermutation(size, seed)
        expect([...order].sort((a, b) => a - b)).toEqual([...Sampler.sequential(size, 0)])
      }),
      cases
    ))
})
