import { Effect, Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Collator from "../../../src/Data/Collator.ts"
import * as UnusedColumns from "../../../src/Data/UnusedColumns.ts"

const takes = (labels?: ReadonlyArray<string>, more?: ReadonlyArray<string>) =>
  UnusedColumns.takenBy({ inputs: ["x"], ...(labels === undefined ? {} : { labels }) }, more)!
const error = (row: unknown, labels: ReadonlyArray<string>) =>
  Result.getOrThrow(Result.flip(UnusedColumns.unused(row, takes(labels), labels)))

describe("Columns", () => {
  it("a model takes its inputs, its labels and columns renamed to labels; undefined if it declares no inputs", () => {
    expect(UnusedColumns.takenBy({})).toBeUndefined()
    expect([...takes(["y"])]).toEqual(["x", "y"])
    expect([...takes(["labels"])]).toEqual(["x", "labels", "label", "label_ids"])
    expect([...takes()]).toEqual(["x", "labels", "label", "label_ids"])
    expect([...takes([], ["z"])]).toEqual(["x", "z"])
  })

  it("returns the columns that the model does not take", () => {
    const unused = (row: unknown, labels: ReadonlyArray<string>) =>
      Result.getOrThrow(UnusedColumns.unused(row, takes(labels), labels))
    expect(unused({ x: 1, text: "a", label: 0 }, ["labels"])).toEqual(["text"])
    expect(unused({ x: 1, y: 0, label: 0 }, ["y"])).toEqual(["label"])
    expect(unused({ x: 1 }, ["y"])).toEqual([])
    expect(unused(3, ["y"])).toEqual([])
    expect(unused({}, ["y"])).toEqual([])
  })

  it("refuses rows without any column of the model, with the columns of both", () => {
    const none = error({ text: "a", size: 1 }, ["labels"])
    expect(none._tag).toBe("NoColumnTaken")
    expect(none.message).toContain("the columns text, size, and the model takes x, labels, label, label_ids")
    expect(none.message).toContain("remove_unused_columns")
  })

  it("refuses a label column that the model names differently", () => {
    const label = error({ x: 1, label_ids: 0 }, ["y", "z"])
    expect(label._tag).toBe("LabelNotTaken")
    expect(label.message).toContain('"label_ids", which is "labels" in a batch, and the model\'s labels are y, z')
  })

  it("passes only the model's columns to the collator, and unchanged rows by reference", () => {
    const seen: Array<unknown> = []
    const collate = UnusedColumns.only<unknown>(
      (rows, indices, epoch) => {
        seen.push(...rows, indices, epoch)
        return Collator.stack()([{ x: 1 }], [0])
      },
      takes(["labels"])
    )
    const whole = { x: 1, label: 2 }
    Effect.runSync(collate([{ x: 3, text: "a" }, whole, [4]], [7, 8, 9], 5))
    expect(seen).toEqual([{ x: 3 }, whole, [4], [7, 8, 9], 5])
    expect(seen[1]).toBe(whole)
  })
})
