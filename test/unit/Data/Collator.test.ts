import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Collator from "../../../src/Data/Collator.ts"

const stack = (rows: ReadonlyArray<unknown>, options?: Collator.Options) =>
  Collator.stack(options)(
    rows,
    rows.map((_, i) => 100 + i)
  )

const message = (rows: ReadonlyArray<unknown>, options?: Collator.Options) =>
  Effect.map(Effect.flip(stack(rows, options)), (error) => error.message)

describe("Collator.stack", () => {
  it.effect("stacks numbers, booleans, arrays, typed arrays and host tensors", () =>
    Effect.gen(function* () {
      const image = { dtype: "float32", shape: [1, 2, 1], data: Float32Array.of(0.5, 0.25) }
      const row = { n: 1, b: true, xs: [1, 2], xss: [[1], [2]], f: Float64Array.of(0.5), i: Uint8Array.of(255), image, none: [] }
      const batch = yield* stack([row, row])
      assert.deepEqual(batch, {
        n: { dtype: "float32", shape: [2], data: Float32Array.of(1, 1) },
        b: { dtype: "bool", shape: [2], data: Uint8Array.of(1, 1) },
        xs: { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 1, 2) },
        xss: { dtype: "float32", shape: [2, 2, 1], data: Float32Array.of(1, 2, 1, 2) },
        f: { dtype: "float32", shape: [2, 1], data: Float32Array.of(0.5, 0.5) },
        i: { dtype: "int32", shape: [2, 1], data: Int32Array.of(255, 255) },
        image: { dtype: "float32", shape: [2, 1, 2, 1], data: Float32Array.of(0.5, 0.25, 0.5, 0.25) },
        none: { dtype: "float32", shape: [2, 0], data: new Float32Array(0) }
      })
    })
  )

  it.effect("makes labels, ids and masks int32, and renames label and label_ids to labels", () =>
    Effect.gen(function* () {
      for (const name of ["label", "labels", "label_ids"]) {
        const batch = yield* stack([{ [name]: 2, input_ids: [5, 6], attention_mask: [true, false] }])
        assert.deepEqual(batch, {
          labels: { dtype: "int32", shape: [1], data: Int32Array.of(2) },
          input_ids: { dtype: "int32", shape: [1, 2], data: Int32Array.of(5, 6) },
          attention_mask: { dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 0) }
        })
      }
    })
  )

  it.effect("makes labels float32 by dtypes, or if they are float arrays", () =>
    Effect.gen(function* () {
      const byDtypes = yield* stack([{ label: 1 }, { label: 0.5 }], { dtypes: { labels: "float32" } })
      assert.deepEqual(byDtypes.labels, { dtype: "float32", shape: [2], data: Float32Array.of(1, 0.5) })
      const byArrayType = yield* stack([{ label: Float32Array.of(0.5) }])
      assert.deepEqual(byArrayType.labels, { dtype: "float32", shape: [1, 1], data: Float32Array.of(0.5) })
    })
  )

  it.effect("reports invalid values with row, column and a fix", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [ReadonlyArray<unknown>, string]> = [
        [[{ x: [1, 2] }, { x: [1] }], `row 101, column "x": has shape [1] where the batch's first row has [2]: pad`],
        [[{ x: [[1, 2], [3]] }], `row 100, column "x": is ragged: an array of 1 beside one of 2.`],
        [[{ x: [1, [2]] }], `row 100, column "x": is ragged: a number beside an array.`],
        [[{ x: [[1], 2] }], `row 100, column "x": is ragged: a number beside an array.`],
        [[{ x: 1 }, { x: Number.NaN }], `row 101, column "x": holds NaN: clean the data, or set allowNonFinite`],
        [[{ x: [1, Infinity] }], `row 100, column "x": holds Infinity: clean`],
        [[{ x: 1e39 }], `row 100, column "x": holds 1e+39, which float32 cannot hold`],
        [
          [{ label: 1 }, { label: 0.5 }],
          `row 101, column "label": holds 0.5 where int32 is expected. If fractions are intended, set dtypes: { labels: "float32" }`
        ],
        [[{ label: 2 ** 31 }], `row 100, column "label": holds 2147483648, which int32 cannot hold`],
        [[{ input_ids: Uint32Array.of(2 ** 32 - 1) }], `row 100, column "input_ids": holds 4294967295, which int32 cannot hold`],
        [[{ label: Number.NaN }], `row 100, column "label": holds NaN: clean the data`],
        [[{ x: 1, y: 2 }, { x: 1 }], `row 101, column "y": has no value: fill it in`],
        [[{ x: 1 }, { x: 1, y: 2 }], `row 101, column "y": is not in the batch's first row`],
        [[{ x: null }], `row 100, column "x": has no value`],
        [[{ x: "seven" }], `row 100, column "x": holds text "seven" where numbers are expected`],
        [
          [{ x: 1, label: "good" }],
          `row 100, column "label": holds text "good" where class numbers are expected: map the labels to class numbers with Dataset.map, (row) => ({ ...row, label: names.indexOf(row.label) }) where names lists the classes`
        ],
        [[{ labels: [0, "B-PER"] }], `row 100, column "labels": holds text "B-PER" where class numbers are expected`],
        [[{ x: 1 }, [1]], "row 101: is not a record of columns"],
        [[{ x: 5n }], `row 100, column "x": holds a value of type bigint where numbers are expected`],
        [[{ x: true }, { x: 1 }], `row 101, column "x": is float32 where the batch's first row is bool`],
        [[{ x: [true, 1] }], `row 100, column "x": mixes numbers and booleans`],
        [[{ label: 1, labels: 1 }], `row 100, column "labels": is a second column of labels`],
        [
          [{ x: { dtype: "float32", shape: [3], data: new Float32Array(2) } }],
          `row 100, column "x": holds 2 values, which do not make shape [3]`
        ]
      ]
      for (const [rows, expected] of cases) {
        const actual = yield* message(rows)
        assert.isTrue(actual.startsWith(expected), `${actual}\n${expected}`)
      }
      const notBool = yield* message([{ x: 2 }], { dtypes: { x: "bool" } })
      assert.strictEqual(notBool, `row 100, column "x": holds 2, which bool cannot hold`)
    })
  )

  it.effect("accepts NaN and infinities with allowNonFinite", () =>
    Effect.gen(function* () {
      const batch = yield* stack([{ x: [Number.NaN, -Infinity] }], { allowNonFinite: true })
      assert.deepEqual(batch.x?.data, Float32Array.of(Number.NaN, -Infinity))
    })
  )

  it.effect("accepts columns named like members of Object", () =>
    Effect.gen(function* () {
      const batch = yield* stack([{ constructor: 1, toString: 2 }])
      assert.deepEqual(Object.keys(batch), ["constructor", "toString"])
    })
  )
})

describe("Collator.make", () => {
  it.effect("converts an exception of the function to an error with the first row of the batch", () =>
    Effect.gen(function* () {
      const collate = Collator.make<number>(() => {
        throw new Error("no room")
      })
      const error = yield* Effect.flip(collate([1], [7]))
      assert.strictEqual(error.message, "row 7: the batch that begins here cannot be collated: Error: no room")
    })
  )
})
