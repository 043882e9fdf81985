import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { heldOut, train } from "../../../examples/data/digits.ts"
import * as Sampler from "../../../src/Data/Sampler.ts"

describe("the digits of the examples", () => {
  it.effect("are 10,000 rows with at least 1,500 held out, all classes in both splits, and no row in both", () =>
    Effect.gen(function* () {
      assert.strictEqual(train.size + heldOut.size, 10_000)
      assert.isTrue(heldOut.size >= 1500)
      const keys = yield* Effect.forEach([train, heldOut], (half) =>
        Effect.map(half.rows([...Sampler.sequential(half.size, 0)]), (rows) => {
          assert.deepStrictEqual([...new Set(rows.map(({ label }) => label))].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
          for (const { image } of rows.slice(0, 50)) {
            assert.strictEqual(image.data.length, 28 * 28)
            assert.isTrue(image.data.every((value) => value >= 0 && value <= 1))
          }
          return new Set(rows.map(({ image }) => Buffer.from(image.data.slice().buffer).toString("latin1")))
        })
      )
      for (const key of keys[1] ?? []) assert.isFalse(keys[0]?.has(key))
    })
  )
})
