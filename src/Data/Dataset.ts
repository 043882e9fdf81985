/** Map-style datasets: pure functions from index to row, with random access. */
import { Effect, Function, Pipeable, Predicate, Schema } from "effect"
import { defined } from "../Defined.ts"
import { messageOf } from "../ErrorMessage.ts"
import { torchPermutation } from "./Sampler.ts"

export interface Dataset<out A> extends Pipeable.Pipeable {
  /** The number of rows. */
  readonly size: number
  /** Reads the rows at these indices, in this order. **Errors**: `DataError` with the row that could not be read. */
  readonly rows: (indices: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<A>, DataError>
  /** Reads one column of all rows, for sources where that is cheaper than reading the rows; undefined for an unknown column. */
  readonly column?: Column
}

type Column = (name: string) => Effect.Effect<ArrayLike<unknown>, DataError> | undefined

/** A row that cannot be used, with the reason. */
export class DataError extends Schema.TaggedError<DataError>()("DataError", {
  /** Its index in the dataset that it was read from, or null if the error does not concern one row. */
  row: Schema.NullOr(Schema.Number),
  column: Schema.NullOr(Schema.String),
  reason: Schema.String,
  /** The file that it was read from; `row` is then an index in this file. */
  file: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const place = [
      this.file ?? [],
      this.row === null ? [] : `row ${this.row}`,
      this.column === null ? [] : `column "${this.column}"`
    ].flat()
    return place.length === 0 ? this.reason : `${place.join(", ")}: ${this.reason}`
  }
}

/**
 * Creates a dataset of rows in memory.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Dataset } from "regimen/data"
 *
 * const doubled = Dataset.fromArray([1, 2, 3]).pipe(Dataset.map((n) => 2 * n))
 * assert.deepEqual(Effect.runSync(doubled.rows([2, 0])), [6, 2])
 * ```
 */
export const fromArray = <A>(rows: ReadonlyArray<A>): Dataset<A> =>
  fromRows({
    size: rows.length,
    rows: (indices) => Effect.succeed(indices.map((index) => rows[index]!)),
    column: (name) =>
      rows.some((row) => Predicate.hasProperty(row, name))
        ? Effect.sync(() => rows.map((row) => (Predicate.hasProperty(row, name) ? row[name] : undefined)))
        : undefined
  })

/** Creates a dataset from a pure function of an index. **Errors**: an exception of `at` becomes a `DataError` with the row. */
export const make = <A>(options: { readonly size: number; readonly at: (index: number) => A }): Dataset<A> =>
  fromRows({ size: options.size, rows: (indices) => readAll(indices, options.at) })

/**
 * Creates a dataset whose rows are read by an effect, many at a time. `rows` is only called with indices from 0 to `size - 1`. `column` reads
 * one column of all rows, for columnar data: the lengths for a sampler are read by it.
 */
export const fromRows = <A>(options: {
  readonly size: number
  readonly rows: (indices: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<A>, DataError>
  readonly column?: Column
}): Dataset<A> => ({
  size: options.size,
  ...defined({ column: options.column }),
  rows: (indices) => {
    const outside = indices.find((index) => !(Number.isInteger(index) && index >= 0 && index < options.size))
    return outside === undefined ? options.rows(indices) : Effect.fail(noSuchRow(outside, options.size))
  },
  pipe() {
    // biome-ignore lint/complexity/noArguments: required by Pipeable
    return Pipeable.pipeArguments(this, arguments)
  }
})

/** Transforms each row when it is read. `f` must be pure: the same row and index give the same result. */
export const map: {
  <A, B>(f: (row: A, index: number) => B): (self: Dataset<A>) => Dataset<B>
  <A, B>(self: Dataset<A>, f: (row: A, index: number) => B): Dataset<B>
} = Function.dual(
  2,
  <A, B>(self: Dataset<A>, f: (row: A, index: number) => B): Dataset<B> =>
    fromRows({
      size: self.size,
      rows: (indices) => Effect.flatMap(self.rows(indices), (rows) => readAll(indices, (index, i) => f(rows[i]!, index)))
    })
)

/** Keeps the rows that satisfy `predicate`. Reads the dataset once, eagerly, and stores only the indices. */
export const filter: {
  <A>(predicate: (row: A, index: number) => boolean): (self: Dataset<A>) => Effect.Effect<Dataset<A>, DataError>
  <A>(self: Dataset<A>, predicate: (row: A, index: number) => boolean): Effect.Effect<Dataset<A>, DataError>
} = Function.dual(2, <A>(self: Dataset<A>, predicate: (row: A, index: number) => boolean) =>
  Effect.map(scan(self, predicate), (matches) => subset(self, indicesWhere(matches, true)))
)

/** Appends the rows of `that` to those of `self`. */
export const concatenate: {
  <B>(that: Dataset<B>): <A>(self: Dataset<A>) => Dataset<A | B>
  <A, B>(self: Dataset<A>, that: Dataset<B>): Dataset<A | B>
} = Function.dual(2, <A, B>(self: Dataset<A>, that: Dataset<B>): Dataset<A | B> => concatenateAll<A | B>([self, that]))

/** Concatenates datasets. */
export const concatenateAll = <A>(parts: ReadonlyArray<Dataset<A>>): Dataset<A> => {
  let size = 0
  const starts = parts.map((part) => {
    size += part.size
    return size - part.size
  })
  return fromRows({
    size,
    rows: Effect.fnUntraced(function* (indices) {
      const partOf = indices.map((index) => starts.findLastIndex((start) => start <= index))
      const rows = new Array<A>(indices.length)
      for (const at of new Set(partOf)) {
        const places = partOf.flatMap((part, place) => (part === at ? place : []))
        const read = yield* parts[at]!.rows(places.map((place) => indices[place]! - starts[at]!))
        for (const [i, place] of places.entries()) rows[place] = read[i]!
      }
      return rows
    })
  })
}

/** Selects the rows at `indices`, in that order, with repetition. */
export const subset: {
  (indices: ArrayLike<number>): <A>(self: Dataset<A>) => Dataset<A>
  <A>(self: Dataset<A>, indices: ArrayLike<number>): Dataset<A>
} = Function.dual(
  2,
  <A>(self: Dataset<A>, indices: ArrayLike<number>): Dataset<A> =>
    fromRows({
      size: indices.length,
      rows: (selected) => self.rows(selected.map((index) => indices[index]!)),
      ...(self.column === undefined ? {} : { column: part(self.column, indices.length, (index) => indices[index]!) })
    })
)

/** Selects the rows from `start` to `end` (exclusive), both clamped to the size. */
export const slice: {
  (start: number, end: number): <A>(self: Dataset<A>) => Dataset<A>
  <A>(self: Dataset<A>, start: number, end: number): Dataset<A>
} = Function.dual(3, <A>(self: Dataset<A>, start: number, end: number): Dataset<A> => {
  const first = Math.max(0, Math.min(start, self.size))
  const size = Math.max(0, Math.min(end, self.size) - first)
  return fromRows({
    size,
    rows: (indices) => self.rows(indices.map((index) => first + index)),
    ...(self.column === undefined ? {} : { column: part(self.column, size, (index) => first + index) })
  })
})

/** Shuffles the rows once, by `torchPermutation(size, seed)`. Use a `Sampler` for a new order each epoch. */
export const shuffle: {
  (options: { readonly seed: number }): <A>(self: Dataset<A>) => Dataset<A>
  <A>(self: Dataset<A>, options: { readonly seed: number }): Dataset<A>
} = Function.dual(2, <A>(self: Dataset<A>, options: { readonly seed: number }) =>
  subset(self, torchPermutation(self.size, options.seed))
)

export interface Split<A> {
  readonly train: Dataset<A>
  readonly heldOut: Dataset<A>
}

/**
 * Splits rows by a hash of their key, with about the fraction `heldOut` held out. The split of a row depends on its key only, so adding, removing
 * or reordering rows never moves another row to the other split.
 *
 * **Law**: splitting a longer dataset extends both halves (test/property/Dataset.test.ts).
 */
export const split: {
  <A>(options: SplitOptions<A>): (self: Dataset<A>) => Effect.Effect<Split<A>, DataError>
  <A>(self: Dataset<A>, options: SplitOptions<A>): Effect.Effect<Split<A>, DataError>
} = Function.dual(2, <A>(self: Dataset<A>, options: SplitOptions<A>) =>
  Effect.map(
    scan(self, (row, index) => hash(options.key(row, index)) < options.heldOut * 2 ** 32),
    (isHeldOut) => ({ train: subset(self, indicesWhere(isHeldOut, false)), heldOut: subset(self, indicesWhere(isHeldOut, true)) })
  )
)

export interface SplitOptions<in A> {
  /** The fraction held out, from 0 to 1. */
  readonly heldOut: number
  /** The key of a row: rows with equal keys are in the same split. */
  readonly key: (row: A, index: number) => string
}

/** Restricts a column to a subset of the rows. */
const part =
  (column: Column, size: number, at: (index: number) => number): Column =>
  (name) => {
    const whole = column(name)
    return whole && Effect.map(whole, (values) => Array.from({ length: size }, (_, index) => values[at(index)]))
  }

/** Rows read at once while scanning: bounds memory. */
const scanChunk = 1024

const scan = Effect.fnUntraced(function* <A>(self: Dataset<A>, predicate: (row: A, index: number) => boolean) {
  const matches = new Uint8Array(self.size)
  for (let start = 0; start < self.size; start += scanChunk) {
    const indices = Array.from({ length: Math.min(scanChunk, self.size - start) }, (_, i) => start + i)
    const rows = yield* self.rows(indices)
    matches.set(yield* readAll(indices, (index, i) => (predicate(rows[i]!, index) ? 1 : 0)), start)
  }
  return matches
})

const indicesWhere = (matches: Uint8Array, expected: boolean): Int32Array => {
  const indices = new Int32Array(matches.length)
  let size = 0
  for (let i = 0; i < matches.length; i++) if ((matches[i] === 1) === expected) indices[size++] = i
  return indices.slice(0, size)
}

/** Reads rows sequentially. **Errors**: an exception of `read` becomes a `DataError` with the row. */
export const readAll = <A>(
  indices: ReadonlyArray<number>,
  read: (index: number, i: number) => A
): Effect.Effect<Array<A>, DataError> =>
  Effect.suspend(() => {
    const rows: Array<A> = []
    for (const [i, index] of indices.entries()) {
      try {
        rows.push(read(index, i))
      } catch (cause) {
        return Effect.fail(cause instanceof DataError ? cause : unreadable(index, cause))
      }
    }
    return Effect.succeed(rows)
  })

const unreadable = (row: number, cause: unknown) => new DataError({ row, column: null, reason: messageOf(cause) })

const noSuchRow = (row: number, size: number) =>
  new DataError({ row, column: null, reason: `is out of range for a dataset of ${size} rows` })

/** FNV-1a over the UTF-16 code units, finished as MurmurHash3 does, so that the high bits are even. */
const hash = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
