/** Files of rows, known by their ending: .jsonl or .ndjson, .json, .csv or .tsv, .parquet; and folders of them. */
import { readdir, stat } from "node:fs/promises"
import { extname, join } from "node:path"
import { Effect, type Scope } from "effect"
import { concatenateAll, DataError, type Dataset } from "../Dataset.ts"
import * as Csv from "./Csv.ts"
import * as Json from "./Json.ts"
import * as Jsonl from "./Jsonl.ts"
import * as Parquet from "./Parquet.ts"
import type { RowSchema } from "./RowDecoder.ts"

/**
 * Opens a file, or the files of a folder in the order of their names as one dataset, until the scope closes. A folder holds one kind of
 * file; what has another ending, or a name that begins with a dot or an underscore, is passed over.
 *
 * **Errors**: `DataError` with the file, row and column, as of that kind; and for an ending that is not known, an empty folder, or one with
 * several kinds.
 */
export const open = Effect.fnUntraced(function* <A>(
  path: string,
  schema: RowSchema<A>
): Effect.fn.Return<Dataset<A> | Parquet.Parquet<A>, DataError, Scope.Scope> {
  const found = yield* attempt(path, () => stat(path))
  const names = found.isDirectory()
    ? (yield* attempt(path, () => readdir(path))).filter((name) => !/^[._]/.test(name)).sort()
    : undefined
  const paths = names?.map((name) => join(path, name)).filter((file) => kindOf(file) !== undefined) ?? [path]
  const kinds = [...new Set(paths.map(kindOf))]
  const [kind] = kinds
  if (kinds.length > 1) return yield* failed(path, `holds several kinds of files (${kinds.join(", ")}): keep one`)
  if (kind === undefined)
    return yield* failed(
      path,
      names === undefined ? `has an ending that is none of ${endings}` : `holds no file that ends in ${endings}`
    )
  if (kind === "parquet") return yield* Parquet.open(paths, schema)
  const parts = yield* Effect.forEach(paths, (file) => openText[kind](file, schema))
  return parts.length === 1 ? parts[0]! : concatenateAll(parts)
})

const openText = { jsonl: Jsonl.open, json: Json.open, csv: Csv.open } as const

const kinds = new Map<string, "jsonl" | "json" | "csv" | "parquet">([
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
  [".json", "json"],
  [".csv", "csv"],
  [".tsv", "csv"],
  [".parquet", "parquet"]
])
const endings = [...kinds.keys()].join(", ")

const kindOf = (path: string) => kinds.get(extname(path).toLowerCase())

const attempt = <A>(path: string, f: () => Promise<A>): Effect.Effect<A, DataError> =>
  Effect.catch(Effect.tryPromise(f), (error) => failed(path, `cannot be opened (${codeOf(error.cause)})`))

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? cause.code : String(cause))

const failed = (file: string, reason: string) => Effect.fail(new DataError({ file, row: null, column: null, reason }))
