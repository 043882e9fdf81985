/** The lengths of a dataset's rows, for samplers that go by them. **Unit**: tokens, or whatever is padded. */
import { Effect } from "effect"
import { isSequence } from "./Collator/Padding.ts"
import { isRow } from "./Collator.ts"
import { DataError, type Dataset } from "./Dataset.ts"

/** Where a length stands. */
export interface Options {
  /** The column that holds it. */
  readonly column: string
  /** The column whose values are counted where there is no such column. */
  readonly input: string
}

/**
 * Reads the length of each row: what stands in `column`, or where the first row has none, how long `input` is. A dataset that can give a column alone
 * (`Dataset.column`) is asked for that; of others each row is read once, some at a time. Undefined when the first row has neither.
 *
 * **Errors**: `DataError` with the row whose length is missing or no length.
 */
export const read = Effect.fnUntraced(function* <A>(dataset: Dataset<A>, { column, input }: Options) {
  const lengths = new Float64Array(dataset.size)
  if (dataset.size === 0) return lengths
  const [first] = yield* dataset.rows([0])
  const name = isRow(first) ? [column, input].find((name) => name in first) : undefined
  if (name === undefined) return undefined
  const put = (row: number, value: unknown) =>
    Effect.suspend(() => {
      const length = lengthOf(value)
      if (length === undefined || isSequence(value) !== (name === input)) return Effect.fail(noLength(row, name, name === input))
      lengths[row] = length
      return Effect.void
    })
  const alone = dataset.column?.(name)
  if (alone !== undefined) {
    const values = yield* alone
    for (let row = 0; row < dataset.size; row++) yield* put(row, values[row])
    return lengths
  }
  for (let start = 0; start < dataset.size; start += chunk) {
    const rows = yield* dataset.rows(Array.from({ length: Math.min(chunk, dataset.size - start) }, (_, i) => start + i))
    for (const [i, row] of rows.entries()) yield* put(start + i, isRow(row) ? row[name] : undefined)
  }
  return lengths
})

/** Rows that are in memory at a time. */
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
    reason: counted ? "is no sequence: there is nothing to count" : "holds no length: it must be a number from 0 on"
  })
