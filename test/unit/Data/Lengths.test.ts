import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Lengths from "../../../src/Data/Lengths.ts"

const options = { column: "length", input: "input_ids" }
const read = <A>(dataset: Dataset.Dataset<A>) => Effect.runSync(Lengths.read(dataset, options))
const messageOf = (...rows: ReadonlyArray<unknown>) =>
  Effect.runSync(Effect.flip(Lengths.read(Dataset.fromArray(rows), options))).message

describe("Lengths", () => {
  it("are the values of the column, or the lengths of the input", () => {
    expect(
      read(
        Dataset.fromArray([
          { length: 3, input_ids: [1] },
          { length: 0n, input_ids: [1] }
        ])
      )
    ).toEqual(Float64Array.of(3, 0))
    expect(read(Dataset.fromArray([{ input_ids: [1, 2] }, { input_ids: Int32Array.of(7) }]))).toEqual(Float64Array.of(2, 1))
    expect(read(Dataset.fromArray([{ x: 1 }]))).toBeUndefined()
    expect(read(Dataset.fromArray([4]))).toBeUndefined()
    expect(read(Dataset.fromArray([]))).toEqual(new Float64Array(0))
  })

  it("are read in chunks, each row once, or from the column alone if the dataset supports it", () => {
    const reads: Array<number> = []
    const rows = (indices: ReadonlyArray<number>) =>
      Effect.sync(() => {
        reads.push(indices.length)
        return indices.map((i) => ({ length: i }))
      })
    const many = Dataset.fromRows({ size: 2500, rows })
    expect(read(many)!.at(-1)).toBe(2499)
    expect(reads).toEqual([1, 1024, 1024, 452])
    reads.length = 0
    const column = (name: string) => (name === "length" ? Effect.succeed(Int32Array.of(5, 6, 7)) : undefined)
    const columnar = Dataset.fromRows({ size: 3, rows, column })
    expect(read(columnar)).toEqual(Float64Array.of(5, 6, 7))
    expect(read(Dataset.subset(columnar, [2, 0]))).toEqual(Float64Array.of(7, 5))
    expect(read(Dataset.slice(columnar, 1, 9))).toEqual(Float64Array.of(6, 7))
    expect(reads).toEqual([1, 1, 1])
  })

  it("are errors with the row if missing or invalid", () => {
    expect(messageOf({ length: 1 }, { length: -1 })).toBe(
      'row 1, column "length": is not a length: it must be a non-negative number'
    )
    expect(messageOf({ length: 1 }, {})).toContain('row 1, column "length"')
    expect(messageOf({ length: [1] })).toContain('row 0, column "length"')
    expect(messageOf({ input_ids: [1] }, { input_ids: 2 })).toBe(
      'row 1, column "input_ids": is not a sequence: its length cannot be computed'
    )
  })
})
