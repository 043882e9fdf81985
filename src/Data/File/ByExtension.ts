/** A file of rows, opened by its extension. */
import { Effect, Schema, type Scope } from "effect"
import { DataError, type Dataset, fromArray, map } from "../Dataset.ts"
import * as Csv from "./Csv.ts"
import * as Json from "./Json.ts"
import * as Jsonl from "./Jsonl.ts"
import * as Parquet from "./Parquet.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as Text from "./Text.ts"

const Row = Schema.Record(Schema.String, Schema.Unknown)
export type Row = typeof Row.Type

/**
 * Opens `.jsonl`, `.json`, `.csv`, `.tsv` and `.parquet` as records by column, and `.txt` as a record `{ text }` for each line. In a CSV file what looks like a number is one.
 *
 * **Errors**: fails with `DataError` for another extension, and those of the format.
 */
export const byExtension = (file: string): Effect.Effect<Dataset<Row>, DataError, Scope.Scope> => {
  const extension = /\.[^./\\]*$/.exec(file)?.[0].toLowerCase() ?? ""
  switch (extension) {
    case ".jsonl":
      return Jsonl.open(file, Row)
    case ".json":
      return Json.open(file, Row)
    case ".csv":
    case ".tsv": {
      const separator = extension === ".tsv" ? "\t" : ","
      return Effect.map(Csv.open(file, Schema.Record(Schema.String, Schema.String), { separator }), map(numbered))
    }
    case ".parquet":
      return Parquet.open(file, Row)
    case ".txt":
      return lines(file)
    default: {
      const reason = `its extension "${extension}" says nothing of how to read it. Use .jsonl, .json, .csv, .tsv, .parquet or .txt, or give the program a \`read\`.`
      return Effect.fail(new DataError({ file, row: null, column: null, reason }))
    }
  }
}

/** A cell that looks like a number is one. */
const numbered = (row: Readonly<Record<string, string>>): Row =>
  Object.fromEntries(
    Object.entries(row).map(([column, cell]) => [
      column,
      /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) ? Number(cell) : cell
    ])
  )

const lines = Effect.fnUntraced(function* (file: string) {
  const opened = yield* RandomAccess.open(file)
  const bytes = yield* opened.read(0, opened.size)
  const text = yield* Effect.try({
    try: () => Text.decode(bytes.subarray(Text.markLength(bytes)), file, null),
    catch: (cause) => cause as DataError
  })
  return fromArray<Row>(text.split(/\r?\n/).flatMap((line) => (line === "" ? [] : [{ text: line }])))
})
