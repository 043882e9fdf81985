import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Dataset from "../../../src/Data/Dataset.ts"

const all = <A>(dataset: Dataset.Dataset<A>) => dataset.rows(Array.from({ length: dataset.size }, (_, i) => i))

describe("Dataset", () => {
  it.effect("reads rows in the order of the indices, with repetition", () =>
    Effect.gen(function* () {
      assert.deepEqual(yield* Dataset.fromArray(["a", "b", "c"]).rows([2, 0, 2]), ["c", "a", "c"])
      assert.deepEqual(yield* Dataset.fromArray([]).rows([]), [])
    })
  )

  it.effect("refuses an index out of range", () =>
    Effect.gen(function* () {
      for (const index of [-1, 2, 0.5, Number.NaN]) {
        const error = yield* Effect.flip(Dataset.fromArray(["a", "b"]).rows([0, index]))
        assert.strictEqual(error.message, `row ${index}: is out of range for a dataset of 2 rows`)
      }
    })
  )

  it.effect("names the row that throws when it is read", () =>
    Effect.gen(function* () {
      const broken = (index: number) => {
        if (index === 3) throw new Error("bad digit")
        return index
      }
      const error = yield* Effect.flip(all(Dataset.make({ size: 5, at: broken })))
      assert.strictEqual(error.message, "row 3: bad digit")
      const mapError = yield* Effect.flip(Dataset.fromArray([0, 3]).pipe(Dataset.map(broken)).rows([1]))
      assert.strictEqual(mapError.message, "row 1: bad digit")
    })
  )

  it.effect("maps with the row's index", () =>
    Effect.gen(function* () {
      const mapped = Dataset.fromArray(["a", "b"]).pipe(Dataset.map((row, index) => `${row}${index}`))
      assert.deepEqual(yield* mapped.rows([1, 0]), ["b1", "a0"])
    })
  )

  it.effect("evaluates the predicate of a filter once per row", () =>
    Effect.gen(function* () {
      let reads = 0
      const source = Dataset.make({
        size: 3000,
        at: (index) => {
          reads++
          return index
        }
      })
      const even = yield* source.pipe(Dataset.filter((row) => row % 2 === 0))
      assert.deepEqual([even.size, reads], [1500, 3000])
      assert.deepEqual(yield* even.rows([0, 1499]), [0, 2998])
      assert.strictEqual(reads, 3002)
    })
  )

  it.effect("concatenates, slices and takes subsets", () =>
    Effect.gen(function* () {
      const both = Dataset.fromArray([1, 2]).pipe(Dataset.concatenate(Dataset.fromArray(["x", "y", "z"])))
      assert.deepEqual(yield* both.rows([4, 0, 2, 1, 3]), ["z", 1, "x", 2, "y"])
      assert.deepEqual(yield* all(both.pipe(Dataset.slice(1, 3))), [2, "x"])
      assert.deepEqual(yield* all(both.pipe(Dataset.slice(-5, 99))), [1, 2, "x", "y", "z"])
      assert.deepEqual(yield* all(both.pipe(Dataset.slice(4, 2))), [])
      assert.deepEqual(yield* all(both.pipe(Dataset.subset([3, 3, 0]))), ["y", "y", 1])
    })
  )

  it.effect("shuffles reproducibly by the seed", () =>
    Effect.gen(function* () {
      const rows = Array.from({ length: 50 }, (_, i) => i)
      const shuffled = yield* all(Dataset.fromArray(rows).pipe(Dataset.shuffle({ seed: 7 })))
      assert.deepEqual(shuffled, yield* all(Dataset.fromArray(rows).pipe(Dataset.shuffle({ seed: 7 }))))
      assert.notDeepEqual(shuffled, yield* all(Dataset.fromArray(rows).pipe(Dataset.shuffle({ seed: 8 }))))
      assert.deepEqual(
        [...shuffled].sort((a, b) => a - b),
        rows
      )
    })
  )

  it.effect("holds out about the given fraction", () =>
    Effect.gen(function* () {
      const source = Dataset.make({ size: 10_000, at: (index) => index })
      const { train, heldOut } = yield* source.pipe(Dataset.split({ heldOut: 0.2, key: String }))
      assert.strictEqual(train.size + heldOut.size, 10_000)
      assert.isTrue(Math.abs(heldOut.size - 2000) < 120, `${heldOut.size}`)
      const none = yield* source.pipe(Dataset.split({ heldOut: 0, key: String }))
      const every = yield* source.pipe(Dataset.split({ heldOut: 1, key: String }))
      assert.deepEqual([none.heldOut.size, every.train.size], [0, 0])
    })
  )
})
