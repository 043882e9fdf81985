/** Reads comma-separated values (RFC 4180) with random access, without loading the file into memory. */
import { Effect, Result, type Scope } from "effect"
import { DataError, type Dataset, fromRows, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"
import * as TextRows from "./TextRows.ts"
import * as Utf8 from "./Utf8.ts"

export interface Options {
  /** One character. Default "," and a tab for files called .tsv. */
  readonly separator?: string
  /** The names of the columns, for a file without a header. */
  readonly columns?: ReadonlyArray<string>
}

/**
 * Opens a CSV file until the scope closes. The schema decodes each row from a record of strings by column: use `Schema.FiniteFromString` for
 * numbers. Quoted values may contain separators, newlines and doubled quotes; line ends may be CRLF; empty lines are skipped. The file is read
 * once to build a small index; after that each row is one small read.
 *
 * **Law**: equals `Dataset.fromArray` of the same rows (test/property/Files.test.ts).
 * **Errors**: `DataError` with file, row (from 0, without the header) and column for a value that does not decode, a row with too few or too many
 * values, and stray quotes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { mkdtempSync, writeFileSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 * import { Effect, Schema } from "effect"
 * import { Csv } from "regimen/data"
 *
 * const file = join(mkdtempSync(join(tmpdir(), "regimen-")), "rows.csv")
 * writeFileSync(file, 'x,text\n1,"a, b"\n2,c\n')
 * const row = Schema.Struct({ x: Schema.FiniteFromString, text: Schema.String })
 * const program = Effect.flatMap(Csv.open(file, row), (data) => data.rows([1, 0]))
 * const rows = await Effect.runPromise(Effect.scoped(program))
 * assert.deepEqual(rows, [{ x: 2, text: "c" }, { x: 1, text: "a, b" }])
 * ```
 */
export const open = Effect.fnUntraced(function* <A>(
  path: string,
  schema: RowDecoder.RowSchema<A>,
  options: Options = {}
): Effect.fn.Return<Dataset<A>, DataError, Scope.Scope> {
  const { columns, separator = path.endsWith(".tsv") ? "\t" : "," } = options
  const file = yield* RandomAccess.open(path)
  const start = Utf8.markLength(yield* file.read(0, Math.min(3, file.size)))
  const text = yield* TextRows.index(file, TextRows.quotedLines, start)
  const decode = RowDecoder.make(path, schema)
  const headerRows = columns === undefined ? 1 : 0
  if (text.size < headerRows) return yield* new DataError({ file: path, row: null, column: null, reason: noHeader })
  const names = columns ?? (yield* namesOf((yield* text.rows([0]))[0]!, path, separator))
  return fromRows({
    size: text.size - headerRows,
    rows: (indices) =>
      Effect.flatMap(text.rows(indices.map((index) => index + headerRows)), (rows) =>
        readAll(indices, (index, i) => decode(index, recordOf(Utf8.decode(rows[i]!, path, index), names, separator, path, index)))
      )
  })
})

/** Splits a line into values. Fails with the index of the invalid value and the reason. */
export const parse = (line: string, separator: string): Result.Result<ReadonlyArray<string>, { at: number; reason: string }> => {
  const values: Array<string> = []
  for (let at = 0; ; ) {
    if (line[at] === '"') {
      let value = ""
      for (let from = at + 1; ; ) {
        const end = line.indexOf('"', from)
        if (end < 0) return Result.fail({ at: values.length, reason: "has a quote that is never closed" })
        value += line.slice(from, end)
        at = end + 1
        if (line[at] !== '"') break
        value += '"'
        from = at + 1
      }
      if (at < line.length && line[at] !== separator)
        return Result.fail({ at: values.length, reason: "continues after its closing quote: double the quotes within it" })
      values.push(value)
    } else {
      const end = line.indexOf(separator, at)
      const value = line.slice(at, end < 0 ? line.length : end)
      if (value.includes('"'))
        return Result.fail({
          at: values.length,
          reason: "contains a quote but is not quoted: quote the value, and double the quote"
        })
      values.push(value)
      at = end < 0 ? line.length : end
    }
    if (at >= line.length) return Result.succeed(values)
    at += separator.length
  }
}

const recordOf = (line: string, names: ReadonlyArray<string>, separator: string, file: string, row: number) => {
  const values = parse(line, separator)
  const dataError = (column: string | null, reason: string) => new DataError({ file, row, column, reason })
  if (Result.isFailure(values)) throw dataError(names[values.failure.at] ?? null, values.failure.reason)
  if (values.success.length !== names.length)
    throw dataError(null, `has ${values.success.length} values for ${names.length} columns`)
  return Object.fromEntries(names.map((name, i) => [name, values.success[i]]))
}

const namesOf = (bytes: Uint8Array, file: string, separator: string): Effect.Effect<ReadonlyArray<string>, DataError> =>
  Effect.gen(function* () {
    const [line = ""] = yield* readAll([0], () => Utf8.decode(bytes, file, null))
    const names = parse(line, separator)
    const dataError = (reason: string) => new DataError({ file, row: null, column: null, reason })
    if (Result.isFailure(names))
      return yield* dataError(`has an invalid header: name ${names.failure.at + 1} ${names.failure.reason}`)
    const duplicate = names.success.find((name, i) => names.success.indexOf(name) < i)
    return duplicate === undefined ? names.success : yield* dataError(`has two columns called "${duplicate}"`)
  })

const noHeader = "has no header: give the names of the columns as `columns`"
