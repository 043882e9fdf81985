/** Reads a JSON file with an array of rows, at the top level or as the field `data` of an object. It is loaded into memory: use JSON Lines for large files. */
import { Effect } from "effect"
import { messageOf } from "../../ErrorMessage.ts"
import { DataError, type Dataset, make, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"
import * as Utf8 from "./Utf8.ts"

/** Reads a JSON file into memory. **Errors**: as `Jsonl.open`, and `DataError` with the file if it is not an array of rows. */
export const open = <A>(path: string, schema: RowDecoder.RowSchema<A>): Effect.Effect<Dataset<A>, DataError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* RandomAccess.open(path)
      const bytes = yield* file.read(0, file.size)
      const [rows] = yield* readAll([0], () => parse(Utf8.decode(bytes.subarray(Utf8.markLength(bytes)), path, null), path))
      const decode = RowDecoder.make(path, schema)
      return make({ size: rows!.length, at: (index) => decode(index, rows![index]) })
    })
  )

const parse = (text: string, file: string): ReadonlyArray<unknown> => {
  const dataError = (reason: string) => new DataError({ file, row: null, column: null, reason })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw dataError(`is not JSON: ${messageOf(cause)}`)
  }
  const rows: unknown = typeof value === "object" && value !== null && "data" in value ? value.data : value
  if (!Array.isArray(rows)) throw dataError("is neither an array of rows nor an object with such an array as `data`")
  return rows
}
