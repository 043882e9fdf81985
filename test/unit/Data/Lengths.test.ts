import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Lengths from "../../../src/Data/Lengths.ts"

const options = { column: "length", input: "input_ids" }
const read = <A>(dataset: Dataset.Dataset<A>) => Effect.runSync(Lengths.read(dataset, options))
const said = (...rows: ReadonlyArray<unknown>) =>
  Effect.runSync(Effect.flip(Lengths.read(Dataset.fromArray(rows), options))).message

describe("Lengths", () => {
  it("are in the column, or counted in the input", () => {
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

  it("read each row once, some at a time, and no row but the first where a column can be read alone", () => {
    const asked: Array<number> = []
    const rows = (indices: ReadonlyArray<number>) =>
      Effect.sync(() => {
        asked.push(indices.length)
        return indices.map((i) => ({ length: i }))
      })
    const many = Dataset.fromRows({ size: 2500, rows })
    expect(read(many)!.at(-1)).toBe(2499)
    expect(asked).toEqual([1, 1024, 1024, 452])
    asked.length = 0
    const column = (name: string) => (name === "length" ? Effect.succeed(Int32Array.of(5, 6, 7)) : undefined)
    const alone = Dataset.fromRows({ size: 3, rows, column })
    expect(read(alone)).toEqual(Float64Array.of(5, 6, 7))
    expect(read(Dataset.subset(alone, [2, 0]))).toEqual(Float64Array.of(7, 5))
    expect(read(Dataset.slice(alone, 1, 9))).toEqual(Float64Array.of(6, 7))
    expect(asked).toEqual([1, 1, 1])
  })

  it("say which row has none", () => {
    expect(said({ length: 1 }, { length: -1 })).toBe('row 1, column "length": holds no length: it must be a number from 0 on')
    expect(said({ length: 1 }, {})).toContain('row 1, column "length"')
    expect(said({ length: [1] })).toContain('row 0, column "length"')
    expect(said({ input_ids: [1] }, { input_ids: 2 })).toBe(
      'row 1, column "input_ids": is no sequence: there is nothing to count'
    )
  })
})
