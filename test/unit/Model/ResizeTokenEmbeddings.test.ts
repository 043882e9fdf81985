/** A model's vocabulary, made larger and smaller. */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as ResizeTokenEmbeddings from "../../../src/Model/ResizeTokenEmbeddings.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as TestModels from "../../support/transformers.ts"

const key = Key.make(2)
const resize = (model: ReturnType<typeof TestModels.make>, size: number) =>
  Result.getOrThrow(ResizeTokenEmbeddings.resize(model, size))

describe.each(TestModels.names)("%s", (name) => {
  const model = TestModels.make(name)

  it("larger and as small as before again, it is the same", () => {
    const larger = resize(model, 25)
    const again = resize(larger, 19)
    expect(again.init(key)).toEqual(model.init(key))
    expect(again.config).toEqual({ ...model.config, vocab_size: 19 })
  })

  it("has new rows at the mean of the old, and the old as they were", () => {
    const [before, after] = [model.init(key), resize(model, 25).init(key)]
    expect(Object.keys(after)).toEqual(Object.keys(before))
    const [old, rows] = [before[model.embedding]!, after[model.embedding]!]
    const width = old.shape[1]!
    expect(rows.shape).toEqual([25, width])
    expect(rows.data.slice(0, old.data.length)).toEqual(old.data)
    for (let column = 0; column < width; column++) {
      const values = Array.from({ length: 19 }, (_, row) => old.data[row * width + column]!)
      const mean = values.reduce((sum, value) => sum + value) / 19
      for (let row = 19; row < 25; row++) expect(Math.abs(rows.data[row * width + column]! - mean)).toBeLessThan(5e-4)
    }
    expect(rows.data.slice(19 * width, 20 * width)).not.toEqual(rows.data.slice(20 * width, 21 * width))
  })
})

it("a size that is none is refused", () => {
  for (const size of [0, 2.5, -3])
    expect(Result.isFailure(ResizeTokenEmbeddings.resize(TestModels.make("gpt2"), size))).toBe(true)
  expect(Result.isFailure(ResizeTokenEmbeddings.resize(TestModels.make("roberta MaskedLM"), 1))).toBe(true)
})
