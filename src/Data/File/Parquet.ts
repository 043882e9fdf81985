/** Parquet: files of columns, in row groups that are read as a whole. A group is decoded when a row of it is wanted, and a few are kept. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib"
import { Effect, Exit, type Scope } from "effect"
import { type AsyncBuffer, type Compressors, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { messageOf } from "../../ErrorMessage.ts"
import { DataError, type Dataset, fromRows, readAll } from "../Dataset.ts"
import * as RandomAccess from "./RandomAccess.ts"
import * as RowDecoder from "./RowDecoder.ts"

export interface Parquet<out A> extends Dataset<A> {
  /** Rows of each row group: what `Sampler.blocks` shuffles by. In an order that jumps between all groups, each row costs a group. */
  readonly blocks: ReadonlyArray<number>
}

export interface Options {
  /** Row groups that are kept decoded, which bounds the memory. Default 4, the window of `Sampler.blocks`. */
  readonly kept?: number
}

/**
 * Opens files as one dataset, in the order given, until the scope closes. Whole numbers of 64 bits are numbers where those are exact, and
 * bigints where not. Rows are decoded by the schema when they are read.
 *
 * **Law**: any rows, in any order, equal those of the same rows in memory (test/property/Files.test.ts).
 * **Errors**: `DataError` with file, row and column for what does not decode, and with the file for what is no Parquet.
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
    const known = cache.get(group)
    cache.delete(group)
    const rows = known ?? (yield* Effect.cached(Effect.uninterruptible(readGroup(groups[group]!))))
    cache.set(group, rows)
    for (const oldest of cache.keys()) if (cache.size > kept) cache.delete(oldest)
    return yield* Effect.onExit(rows, (exit) => Effect.sync(() => Exit.isFailure(exit) && cache.delete(group)))
  })
  const dataset = fromRows<A>({
    size: blocks.reduce((sum, rows) => sum + rows, 0),
    rows: Effect.fnUntraced(function* (indices) {
      const groupOf = indices.map((index) => lastAtMost(starts, index))
      const rows = new Array<A>(indices.length)
      // One group at a time: no more than `kept` are in memory, however many the rows are in.
      for (const at of new Set(groupOf)) {
        const read = yield* rowsOf(at)
        const places = groupOf.flatMap((group, place) => (group === at ? place : []))
        const { file, start } = groups[at]!
        const found = yield* readAll(places, (place) => {
          const row = indices[place]! - starts[at]!
          return file.decode(start + row, file.wide ? plain(read[row]) : read[row])
        })
        for (const [i, place] of places.entries()) rows[place] = found[i]!
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
  readonly wide: boolean
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
  const metadata = yield* attempt(path, null, "is no Parquet file", () => parquetMetadataAsync(buffer))
  const wide = metadata.schema.some(({ type }) => type === "INT64")
  return { path, buffer, metadata, wide, decode: RowDecoder.make(path, schema) }
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
  attempt(path, start, "begins a row group that cannot be read", () =>
    parquetReadObjects({ file: buffer, metadata, rowStart: start, rowEnd: start + rows, compressors })
  )

const attempt = <A>(file: string, row: number | null, what: string, read: () => Promise<A>): Effect.Effect<A, DataError> =>
  Effect.tryPromise({
    try: read,
    catch: (cause) =>
      cause instanceof DataError ? cause : new DataError({ file, row, column: null, reason: `${what}: ${messageOf(cause)}` })
  })

/** Besides snappy, which hyparquet knows. */
const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
  ZSTD: (bytes) => zstdDecompressSync(bytes)
}

/** Bigints as numbers, where they are exact. */
const plain = (value: unknown): unknown => {
  if (typeof value === "bigint")
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Array.from(value, plain)
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(plain)
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
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
