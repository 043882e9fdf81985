import { assert, describe, it } from "@effect/vitest"
import * as Sampler from "../../../src/Data/Samplers.ts"

describe("Sampler", () => {
  it("reads sequentially", () => {
    assert.deepEqual(Sampler.sequential(4, 9), Int32Array.of(0, 1, 2, 3))
    assert.deepEqual(Sampler.sequential(0, 0), new Int32Array(0))
  })

  it("permutes as torch.randperm(10) after manual_seed(0) and manual_seed(42)", () => {
    assert.deepEqual([...Sampler.torchPermutation(10, 0)], [4, 1, 7, 5, 3, 9, 0, 8, 6, 2])
    assert.deepEqual([...Sampler.torchPermutation(10, 42)], [2, 6, 1, 8, 4, 5, 0, 9, 3, 7])
  })

  it("takes the low 32 bits of the seed, as the twister does", () =>
    assert.deepEqual(Sampler.torchPermutation(20, 2 ** 32 + 5), Sampler.torchPermutation(20, 5)))

  it("adds the epoch to the seed", () => assert.deepEqual(Sampler.random({ seed: 40 })(10, 2), Sampler.torchPermutation(10, 42)))

  it("handles sizes 0 and 1", () => {
    assert.deepEqual([...Sampler.torchPermutation(0, 1)], [])
    assert.deepEqual([...Sampler.torchPermutation(1, 1)], [0])
  })

  it("refuses options that do not match the dataset", () => {
    assert.throws(() => Sampler.lengthGrouped({ lengths: [1, 2], batchSize: 1, seed: 0 })(3, 0), /2 lengths for 3 rows/)
    assert.throws(() => Sampler.sortish({ lengths: [1], batchSize: 0, seed: 0 })(1, 0), /must be positive integers, not 0/)
    assert.throws(() => Sampler.weighted({ weights: [1], seed: 0 })(3, 0), /1 weights for 3 rows/)
    assert.throws(() => Sampler.weighted({ weights: [0], seed: 0 })(1, 0), /no row has a weight above 0/)
    assert.throws(() => Sampler.weighted({ weights: [1, Number.NaN], seed: 0 })(2, 0), /row 1 has weight NaN/)
    assert.throws(() => Sampler.weighted({ weights: [1, 0], seed: 0, replacement: false })(2, 0), /draws is 2, and only 1 rows/)
    assert.throws(() => Sampler.blocks({ blocks: [1], seed: 0 })(3, 0), /blocks have 1 rows, and the dataset has 3/)
    assert.throws(() => Sampler.distributed(Sampler.sequential, { rank: 2, size: 2, uneven: "pad" }), /no rank 2 among 2/)
  })

  it("draws rows in proportion to their weights", () => {
    const order = Sampler.weighted({ weights: [1, 2, 7], seed: 3, draws: 20_000 })(3, 5)
    for (const [row, expected] of [0.1, 0.2, 0.7].entries())
      assert.approximately(order.filter((drawn) => drawn === row).length / 20_000, expected, 0.012)
    assert.notDeepEqual(order, Sampler.weighted({ weights: [1, 2, 7], seed: 3, draws: 20_000 })(3, 6))
  })
})
