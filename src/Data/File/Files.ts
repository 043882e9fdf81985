/** Opens data files by their extension (.jsonl or .ndjson, .json, .csv or .tsv, .parquet), and folders of them. */
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
 * Opens a file, or the files of a folder in the order of their names as one dataset, until the scope closes. A folder must contain one format;
 * files with an unknown extension, or a name that starts with a dot or an underscore, are ignored.
 *
 * **Errors**: `DataError` with the file, row and column, as for that format; and for an unknown extension, an empty folder, or one with
 * several formats.
 */
export const open = Effect.fnUntraced(function* <A>(
  path: string,
  schema: RowSchema<A>
): Effect.fn.Return<Dataset<A> | Parquet.Parquet<A>, DataError, Scope.Scope> {
  const info = yield* attempt(path, () => stat(path))
  const names = info.isDirectory()
    ? (yield* attempt(path, () => readdir(path))).filter((name) => !/^[._]/.test(name)).sort()
    : undefined
  const paths = names?.map((name) => join(path, name)).filter((file) => formatOf(file) !== undefined) ?? [path]
  const formats = [...new Set(paths.map(formatOf))]
  const [format] = formats
  if (formats.length > 1) return yield* failed(path, `contains several formats (${formats.join(", ")}): keep only one`)
  if (format === undefined)
    return yield* failed(
      path,
      names === undefined
        ? `has an unsupported extension; supported are ${extensions}`
        : `contains no file with an extension of ${extensions}`
    )
  if (format === "parquet") return yield* Parquet.open(paths, schema)
  const parts = yield* Effect.forEach(paths, (file) => openText[format](file, schema))
  return parts.length === 1 ? parts[0]! : concatenateAll(parts)
})

const openText = { jsonl: Jsonl.open, json: Json.open, csv: Csv.open } as const

const byExtension = new Map<string, "jsonl" | "json" | "csv" | "parquet">([
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
  [".json", "json"],
  [".csv", "csv"],
  [".tsv", "csv"],
  [".parquet", "parquet"]
])
const extensions = [...byExtension.keys()].join(", ")

const formatOf = (path: string) => byExtension.get(extname(path).toLowerCase())

const attempt = <A>(path: string, f: () => Promise<A>): Effect.Effect<A, DataError> =>
  Effect.catch(Effect.tryPromise(f), (error) => failed(path, `cannot be opened (${codeOf(error.cause)})`))

const codeOf = (cause: unknown) => (cause instanceof Error && "code" in cause ? cause.code : String(cause))

const failed = (file: string, reason: string) => Effect.fail(new DataError({ file, row: null, column: null, reason }))
