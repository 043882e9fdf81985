/** Reads Parquet files by row group. A group is decoded when one of its rows is read, and the most recent groups are cached. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib"
import { Effect, Exit, type Scope } from "effect"
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { messageOf } from "../../ErrorMessage.ts"
import { DataError, type Dataset, fromRows, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"

export interface Parquet<out A> extends Dataset<A> {
  /** The number of rows of each row group, for `Sampler.blocks`. A fully random order decodes a group for each row. */
  readonly blocks: ReadonlyArray<number>
}

export interface Options {
  /** The number of decoded row groups in the cache, which bounds memory. Default 4, the window of `Sampler.blocks`. */
  readonly kept?: number
}

/**
 * Opens files as one dataset, in the given order, until the scope closes. 64-bit integers are numbers if they are safe integers, else bigints.
 * Rows are decoded by the schema when they are read.
 *
 * **Law**: equals `Dataset.fromArray` of the same rows (test/property/Files.test.ts).
 * **Errors**: `DataError` with file, row and column for a row that does not decode, and with the file if it is not Parquet.
 */
export const open = Effect.fnUntraced(function* <A>(
  paths: string | ReadonlyArray<string>,
  schema: RowDecoder.RowSchema<A>,
  { kept = 4 }: Options = {}
): Effect.fn.Return<Parquet<A>, DataError, Scope.Scope> {
  const files = yield* Effect.forEach(typeof paths === "string" ? [paths] : paths, (path) => openFile(path, schema))
  const groups = files.flatMap(groupsOf)
  const blocks = groups.map((group) => group.rows)
  const starts = startsOf(blocks)
  const cache = new Map<number, Effect.Effect<ReadonlyArray<unknown>, DataError>>()

  const rowsOf = Effect.fnUntraced(function* (group: number) {
    const cached = cache.get(group)
    cache.delete(group)
    const rows = cached ?? (yield* Effect.cached(Effect.uninterruptible(readGroup(groups[group]!))))
    cache.set(group, rows)
    for (const oldest of cache.keys()) if (cache.size > kept) cache.delete(oldest)
    return yield* Effect.onExit(rows, (exit) => Effect.sync(() => Exit.isFailure(exit) && cache.delete(group)))
  })
  const dataset = fromRows<A>({
    size: blocks.reduce((sum, rows) => sum + rows, 0),
    rows: Effect.fnUntraced(function* (indices) {
      const groupOf = indices.map((index) => lastAtMost(starts, index))
      const rows = new Array<A>(indices.length)
      // One group at a time: at most `kept` decoded groups are in memory.
      for (const at of new Set(groupOf)) {
        const groupRows = yield* rowsOf(at)
        const places = groupOf.flatMap((group, place) => (group === at ? place : []))
        const { file, start } = groups[at]!
        const decoded = yield* readAll(places, (place) => {
          const row = indices[place]! - starts[at]!
          return file.decode(start + row, file.hasInt64 ? toNumbers(groupRows[row]) : groupRows[row])
        })
        for (const [i, place] of places.entries()) rows[place] = decoded[i]!
      }
      return rows
    })
  })
  return Object.assign(dataset, { blocks })
})

interface File<A> {
  readonly path: string
  readonly buffer: AsyncBuffer
  readonly metadata: FileMetaData
  /** Whether it has columns of 64-bit integers. */
  readonly hasInt64: boolean
  readonly decode: RowDecoder.Decoder<A>
}

interface Group<A> {
  readonly file: File<A>
  /** Its first row, in the file. */
  readonly start: number
  readonly rows: number
}

const openFile = Effect.fnUntraced(function* <A>(
  path: string,
  schema: RowDecoder.RowSchema<A>
): Effect.fn.Return<File<A>, DataError, Scope.Scope> {
  const file = yield* RandomAccess.open(path)
  const buffer: AsyncBuffer = {
    byteLength: file.size,
    slice: async (start, end = file.size) => (await Effect.runPromise(file.read(start, Math.min(end, file.size)))).buffer
  }
  const metadata = yield* attempt(path, null, "is not a Parquet file", () => parquetMetadataAsync(buffer))
  const hasInt64 = metadata.schema.some(({ type }) => type === "INT64")
  return { path, buffer, metadata, hasInt64, decode: RowDecoder.make(path, schema) }
})

const groupsOf = <A>(file: File<A>): ReadonlyArray<Group<A>> => {
  const rows = file.metadata.row_groups.map((group) => Number(group.num_rows)).filter((rows) => rows > 0)
  return startsOf(rows).map((start, i) => ({ file, start, rows: rows[i]! }))
}

const readGroup = <A>({
  file: { path, buffer, metadata },
  start,
  rows
}: Group<A>): Effect.Effect<ReadonlyArray<unknown>, DataError> =>
  attempt(path, start, "is the first row of a row group that cannot be read", () =>
    parquetReadObjects({ file: buffer, metadata, rowStart: start, rowEnd: start + rows, compressors })
  )

const attempt = <A>(file: string, row: number | null, what: string, read: () => Promise<A>): Effect.Effect<A, DataError> =>
  Effect.tryPromise({
    try: read,
    catch: (cause) =>
      cause instanceof DataError ? cause : new DataError({ file, row, column: null, reason: `${what}: ${messageOf(cause)}` })
  })

/** In addition to snappy, which hyparquet supports. */
const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
  ZSTD: (bytes) => zstdDecompressSync(bytes)
}

/** Converts bigints to numbers if they are safe integers, recursively. */
const toNumbers = (value: unknown): unknown => {
  if (typeof value === "bigint")
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Array.from(value, toNumbers)
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(toNumbers)
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toNumbers(inner)]))
}

const startsOf = (sizes: ReadonlyArray<number>): ReadonlyArray<number> => {
  let sum = 0
  return sizes.map((size) => {
    sum += size
    return sum - size
  })
}

const lastAtMost = (starts: ReadonlyArray<number>, index: number): number => {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (starts[middle]! <= index) low = middle
    else high = middle - 1
  }
  return low
}
