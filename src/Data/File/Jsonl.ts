/** Reads JSON Lines with random access, without loading the file into memory. */
import { Effect, type Scope } from "effect"
import { messageOf } from "../../ErrorMessage.ts"
import { DataError, type Dataset, fromRows, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"
import * as TextRows from "./TextRows.ts"
import * as Utf8 from "./Utf8.ts"

/**
 * Opens a JSON Lines file until the scope closes. It is read once to build an index of about 3 bytes per 1,000 bytes of the file; after that each
 * row is one small read. Empty lines are skipped. Rows are decoded each time they are read.
 *
 * **Law**: equals `Dataset.fromArray` of the same rows (test/property/Files.test.ts).
 * **Errors**: `DataError` with file, row (from 0) and column for a row that does not decode, and with the file if it cannot be read.
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
  const start = Utf8.markLength(yield* file.read(0, Math.min(3, file.size)))
  const text = yield* TextRows.index(file, TextRows.lines, start)
  const decode = RowDecoder.make(path, schema)
  return fromRows({
    size: text.size,
    rows: (indices) =>
      Effect.flatMap(text.rows(indices), (rows) => readAll(indices, (index, i) => decode(index, parse(rows[i]!, path, index))))
  })
})

const parse = (bytes: Uint8Array, file: string, row: number): unknown => {
  const text = Utf8.decode(bytes, file, row)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DataError({ file, row, column: null, reason: `is not JSON: ${messageOf(cause)}` })
  }
}
