/** Reads the lengths of a dataset's rows, for samplers that group by length. **Unit**: tokens, or whatever is padded. */
import { Effect } from "effect"
import { isSequence } from "./Collator/Padding.ts"
import { isRow } from "./Collator.ts"
import { DataError, type Dataset } from "./Dataset.ts"

/** The columns that give a length. */
export interface Options {
  /** The column with the length. */
  readonly column: string
  /** The sequence column whose length is used if there is no `column`. */
  readonly input: string
}

/**
 * Reads the length of each row: the value of `column`, or if the first row has no such column, the length of `input`. Reads only the column if the
 * dataset supports it (`Dataset.column`), else each row once, in chunks. Returns undefined if the first row has neither column.
 *
 * **Errors**: `DataError` with the row whose length is missing or invalid.
 */
export const read = Effect.fnUntraced(function* <A>(dataset: Dataset<A>, { column, input }: Options) {
  const lengths = new Float64Array(dataset.size)
  if (dataset.size === 0) return lengths
  const [first] = yield* dataset.rows([0])
  const name = isRow(first) ? [column, input].find((name) => name in first) : undefined
  if (name === undefined) return undefined
  const setLength = (row: number, value: unknown) =>
    Effect.suspend(() => {
      const length = lengthOf(value)
      if (length === undefined || isSequence(value) !== (name === input)) return Effect.fail(noLength(row, name, name === input))
      lengths[row] = length
      return Effect.void
    })
  const columnValues = dataset.column?.(name)
  if (columnValues !== undefined) {
    const values = yield* columnValues
    for (let row = 0; row < dataset.size; row++) yield* setLength(row, values[row])
    return lengths
  }
  for (let start = 0; start < dataset.size; start += chunk) {
    const rows = yield* dataset.rows(Array.from({ length: Math.min(chunk, dataset.size - start) }, (_, i) => start + i))
    for (const [i, row] of rows.entries()) yield* setLength(start + i, isRow(row) ? row[name] : undefined)
  }
  return lengths
})

/** Rows read at once: bounds memory. */
const chunk = 1024

const lengthOf = (value: unknown): number | undefined => {
  if (isSequence(value)) return value.length
  const length = typeof value === "bigint" ? Number(value) : value
  return typeof length === "number" && Number.isFinite(length) && length >= 0 ? length : undefined
}

const noLength = (row: number, column: string, counted: boolean) =>
  new DataError({
    row,
    column,
    reason: counted ? "is not a sequence: its length cannot be computed" : "is not a length: it must be a non-negative number"
  })
