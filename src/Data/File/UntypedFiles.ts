/** Opens data files by their extension, without a schema. */
import { Effect, Schema, type Scope } from "effect"
import { type DataError, type Dataset, fromArray, map } from "../Dataset.ts"
import * as Files from "./Files.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as Utf8 from "./Utf8.ts"

const Row = Schema.Record(Schema.String, Schema.Unknown)
export type Row = typeof Row.Type

/**
 * Opens the files of `Files.open` as records by column, and `.txt` as a record `{ text }` for each line. A column of a .csv or .tsv file whose cells are
 * all numeric or empty becomes a column of numbers, which requires one pass over the file.
 *
 * **Errors**: fails with `DataError`, as `Files.open`.
 */
export const byExtension = (file: string): Effect.Effect<Dataset<Row>, DataError, Scope.Scope> =>
  /\.txt$/i.test(file)
    ? lines(file)
    : Effect.flatMap(Files.open(file, Row), (data) => (/\.[ct]sv$/i.test(file) ? withNumbers(data) : Effect.succeed(data)))

const withNumbers = Effect.fnUntraced(function* (data: Dataset<Row>) {
  const columns = yield* numericColumns(data)
  const convert = (column: string, cell: unknown) => (columns.has(column) && cell !== "" ? Number(cell) : cell)
  return map(data, (row): Row => Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, convert(column, cell)])))
})

/** Finds the columns whose cells are all numeric or empty. */
const numericColumns = Effect.fnUntraced(function* (data: Dataset<Row>) {
  const [first = {}] = yield* data.rows(data.size === 0 ? [] : [0])
  const columns = new Set(Object.keys(first))
  for (let start = 0; start < data.size && columns.size > 0; start += scanChunk) {
    const rows = yield* data.rows(Array.from({ length: Math.min(scanChunk, data.size - start) }, (_, i) => start + i))
    for (const column of columns) if (!rows.every((row) => row[column] === "" || isNumeral(row[column]))) columns.delete(column)
  }
  return columns
})

/** Rows read at once: bounds memory. */
const scanChunk = 1024

const isNumeral = (cell: unknown): boolean => typeof cell === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)

const lines = Effect.fnUntraced(function* (file: string) {
  const opened = yield* RandomAccess.open(file)
  const bytes = yield* opened.read(0, opened.size)
  const text = yield* Effect.try({
    try: () => Utf8.decode(bytes.subarray(Utf8.markLength(bytes)), file, null),
    catch: (cause) => cause as DataError
  })
  const parts = text.split(/\r?\n/)
  const texts = parts.at(-1) === "" ? parts.slice(0, -1) : parts
  return fromArray<Row>(texts.map((line) => ({ text: line })))
})
