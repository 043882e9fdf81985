import { assert, describe, it } from "@effect/vitest"
import * as Sampler from "../../../src/Data/Sampler.ts"

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
})
