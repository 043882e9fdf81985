/** Files of rows as records, for who has no schema of them. */
import { Effect, Schema, type Scope } from "effect"
import { type DataError, type Dataset, fromArray, map } from "../Dataset.ts"
import * as Files from "./Files.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as Text from "./Text.ts"

const Row = Schema.Record(Schema.String, Schema.Unknown)
export type Row = typeof Row.Type

/**
 * Opens what `Files.open` does as records by column, and `.txt` as a record `{ text }` for each line that is not empty. In .csv and .tsv files a cell that looks
 * like a number is one.
 *
 * **Errors**: fails with `DataError`, as `Files.open`.
 */
export const byExtension = (file: string): Effect.Effect<Dataset<Row>, DataError, Scope.Scope> =>
  /\.txt$/i.test(file)
    ? lines(file)
    : Effect.map(Files.open(file, Row), (data): Dataset<Row> => (/\.[ct]sv$/i.test(file) ? map(data, numbered) : data))

const numbered = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, isNumeral(cell) ? Number(cell) : cell]))

const isNumeral = (cell: unknown): boolean => typeof cell === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)

const lines = Effect.fnUntraced(function* (file: string) {
  const opened = yield* RandomAccess.open(file)
  const bytes = yield* opened.read(0, opened.size)
  const text = yield* Effect.try({
    try: () => Text.decode(bytes.subarray(Text.markLength(bytes)), file, null),
    catch: (cause) => cause as DataError
  })
  return fromArray<Row>(text.split(/\r?\n/).flatMap((line) => (line === "" ? [] : [{ text: line }])))
})
