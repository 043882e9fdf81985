/** JSON Lines: a file with a JSON value on each line, as large as the disk. */
import { Effect, type Scope } from "effect"
import { messageOf } from "../../ErrorMessage.ts"
import { DataError, type Dataset, fromRows, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"
import * as Text from "./Text.ts"
import * as TextRows from "./TextRows.ts"

/**
 * Opens a file of rows, until the scope closes. It is read once for an index of about 3 bytes for each 1,000 of the file; after that any
 * row is one small read. Empty lines are no rows. Rows are decoded when they are read, again each time.
 *
 * **Law**: any rows, in any order, equal those of the same rows in memory (test/property/Files.test.ts).
 * **Errors**: `DataError` with file, row (from 0) and column for what does not decode, and with the file for what cannot be read.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { mkdtempSync, writeFileSync } from "node:fs"
 * import { tmpdir } from "node:os"
 * import { join } from "node:path"
 * import { Effect, Schema } from "effect"
 * import { Jsonl } from "regimen/data"
 *
 * const file = join(mkdtempSync(join(tmpdir(), "regimen-")), "rows.jsonl")
 * writeFileSync(file, '{"x":1}\n{"x":2}\n')
 * const program = Effect.gen(function* () {
 *   const data = yield* Jsonl.open(file, Schema.Struct({ x: Schema.Number }))
 *   return yield* data.rows([1])
 * })
 * assert.deepEqual(await Effect.runPromise(Effect.scoped(program)), [{ x: 2 }])
 * ```
 */
export const open = Effect.fnUntraced(function* <A>(
  path: string,
  schema: RowDecoder.RowSchema<A>
): Effect.fn.Return<Dataset<A>, DataError, Scope.Scope> {
  const file = yield* RandomAccess.open(path)
  const start = Text.markLength(yield* file.read(0, Math.min(3, file.size)))
  const text = yield* TextRows.index(file, TextRows.lines, start)
  const decode = RowDecoder.make(path, schema)
  return fromRows({
    size: text.size,
    rows: (indices) =>
      Effect.flatMap(text.rows(indices), (rows) => readAll(indices, (index, i) => decode(index, parse(rows[i]!, path, index))))
  })
})

const parse = (bytes: Uint8Array, file: string, row: number): unknown => {
  const text = Text.decode(bytes, file, row)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DataError({ file, row, column: null, reason: `is not JSON: ${messageOf(cause)}` })
  }
}
