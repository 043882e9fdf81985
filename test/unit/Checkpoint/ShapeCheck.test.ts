import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ShapeCheck from "../../../src/Checkpoint/ShapeCheck.ts"

const shape = (...shape: ReadonlyArray<number>) => ({ shape })

describe("Fit", () => {
  it.effect("accepts equal names and shapes in any order", () =>
    ShapeCheck.check({ step: 1, group: "parameters", expected: { a: shape(2), b: shape() }, found: { b: shape(), a: shape(2) } })
  )

  it.effect("lists what is missing, unexpected and misshapen, by path", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        ShapeCheck.check({
          step: 30,
          group: "parameters",
          expected: { "a.weight": shape(2, 3), "b.bias": shape(4), toString: shape() },
          found: { "a.weight": shape(3, 2), "c.bias": shape(4) }
        })
      )
      assert.deepEqual(error.misshapen, [{ path: "a.weight", expected: [2, 3], found: [3, 2] }])
      assert.deepEqual([error.missing, error.unexpected], [["b.bias", "toString"], ["c.bias"]])
      assert.strictEqual(
        error.message,
        "Checkpoint 30 is not of this run: its parameters differ. a.weight has shape [3,2] where the run's has [2,3]; b.bias is missing; toString is missing; c.bias is not in the run. Train with the model and optimizer that wrote it, or choose another output folder."
      )
    })
  )

  it.effect("refuses one fault of any kind", () =>
    Effect.gen(function* () {
      const check = (expected: ShapeCheck.Shapes, found: ShapeCheck.Shapes) =>
        Effect.flip(ShapeCheck.check({ step: 1, group: "buffers", expected, found }))
      assert.deepEqual((yield* check({}, { a: shape() })).unexpected, ["a"])
      assert.deepEqual((yield* check({ a: shape() }, {})).missing, ["a"])
      assert.strictEqual((yield* check({ a: shape(1) }, { a: shape() })).misshapen.length, 1)
    })
  )

  it.effect("keeps the message short", () =>
    Effect.gen(function* () {
      const expected = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`w${i}`, shape(i)]))
      const error = yield* Effect.flip(ShapeCheck.check({ step: null, group: "slots", expected, found: {} }))
      assert.isTrue(error.message.startsWith("The checkpoint is not of this run: its slots differ. w0 is missing;"))
      assert.isTrue(error.message.includes("w4 is missing; and 95 more."))
      assert.strictEqual(error.missing.length, 100)
    })
  )
})
