/** Comma-separated values (RFC 4180): a file as large as the disk, with a row of names at its head. */
import { Effect, Result, type Scope } from "effect"
import { DataError, type Dataset, fromRows, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"
import * as Text from "./Text.ts"
import * as TextRows from "./TextRows.ts"

export interface Options {
  /** One character. Default "," and a tab for files called .tsv. */
  readonly separator?: string
  /** The names of the columns, for a file without a row of names. */
  readonly columns?: ReadonlyArray<string>
}

/**
 * Opens a file of rows, until the scope closes. Each row is a record of text by column, which the schema decodes: `Schema.FiniteFromString`
 * for numbers. Quoted values may hold separators, newlines and doubled quotes; line ends may be CRLF; empty lines are no rows. It is read
 * once for a small index; after that any row is one small read.
 *
 * **Law**: any rows, in any order, equal those of the same rows in memory (test/property/Files.test.ts).
 * **Errors**: `DataError` with file, row (from 0, without the names) and column for what does not decode, for rows with too few or too many
 * values, and for stray quotes.
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
  const start = Text.markLength(yield* file.read(0, Math.min(3, file.size)))
  const text = yield* TextRows.index(file, TextRows.quotedLines, start)
  const decode = RowDecoder.make(path, schema)
  const head = columns === undefined ? 1 : 0
  if (text.size < head) return yield* new DataError({ file: path, row: null, column: null, reason: noNames })
  const names = columns ?? (yield* namesOf((yield* text.rows([0]))[0]!, path, separator))
  return fromRows({
    size: text.size - head,
    rows: (indices) =>
      Effect.flatMap(text.rows(indices.map((index) => index + head)), (rows) =>
        readAll(indices, (index, i) => decode(index, recordOf(Text.decode(rows[i]!, path, index), names, separator, path, index)))
      )
  })
})

/** Cuts a line into values. The failure says what is wrong with the value at this place. */
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
        return Result.fail({ at: values.length, reason: "goes on behind its closing quote: double the quotes within it" })
      values.push(value)
    } else {
      const end = line.indexOf(separator, at)
      const value = line.slice(at, end < 0 ? line.length : end)
      if (value.includes('"'))
        return Result.fail({ at: values.length, reason: "holds a quote and is not quoted: quote it, and double the quote" })
      values.push(value)
      at = end < 0 ? line.length : end
    }
    if (at >= line.length) return Result.succeed(values)
    at += separator.length
  }
}

const recordOf = (line: string, names: ReadonlyArray<string>, separator: string, file: string, row: number) => {
  const values = parse(line, separator)
  const refuse = (column: string | null, reason: string) => new DataError({ file, row, column, reason })
  if (Result.isFailure(values)) throw refuse(names[values.failure.at] ?? null, values.failure.reason)
  if (values.success.length !== names.length)
    throw refuse(null, `has ${values.success.length} values where there are ${names.length} columns`)
  return Object.fromEntries(names.map((name, i) => [name, values.success[i]]))
}

const namesOf = (bytes: Uint8Array, file: string, separator: string): Effect.Effect<ReadonlyArray<string>, DataError> =>
  Effect.gen(function* () {
    const [line = ""] = yield* readAll([0], () => Text.decode(bytes, file, null))
    const names = parse(line, separator)
    const refuse = (reason: string) => new DataError({ file, row: null, column: null, reason })
    if (Result.isFailure(names))
      return yield* refuse(`has names of columns that cannot be read: number ${names.failure.at + 1} ${names.failure.reason}`)
    const twice = names.success.find((name, i) => names.success.indexOf(name) < i)
    return twice === undefined ? names.success : yield* refuse(`has two columns called "${twice}"`)
  })

const noNames = "has no row of names: name the columns with `columns`"
