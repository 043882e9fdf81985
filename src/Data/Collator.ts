/** Collators: combine rows into a batch of tensors. */
import { Effect, Result } from "effect"
import { type DType, type HostTensor, type HostTensors, sizeOf, type Values } from "../Tensor/HostTensor.ts"
import * as ColumnValue from "./ColumnValue.ts"
import { DataError } from "./Dataset.ts"

/**
 * Combines one or more rows into a batch. `indices` are the dataset indices of the rows, for errors and for randomness, which is keyed by
 * `epoch` (default 0) and index.
 */
export type Collator<in A> = (
  rows: ReadonlyArray<A>,
  indices: ReadonlyArray<number>,
  epoch?: number
) => Effect.Effect<HostTensors, DataError>

export interface Options {
  /** Dtypes that override those of the values, by column of the batch: `{ labels: "float32" }`. */
  readonly dtypes?: Readonly<{ [column: string]: DType }>
  /** Accepts NaN and infinities. Default false: they are errors with row and column. */
  readonly allowNonFinite?: boolean
}

/**
 * Stacks rows, which are records of columns, into tensors with a leading batch dimension. `label`, `labels` and `label_ids` become
 * `labels`. Typed arrays and host tensors keep their kind (integers are int32, floats float32), booleans are bool, numbers float32;
 * but plain values in `labels`, `*_ids` and `*_mask` are int32. The values themselves never determine a dtype.
 *
 * **Shapes**: a column of shape `[...s]` becomes `[rows, ...s]`.
 * **Errors**: `DataError` with row and column for a missing or unknown column, ragged rows, values that are not numbers, NaN, and
 * fractions or numbers outside int32 in an integer column.
 * **Source**: `default_data_collator`. There the first row determines the dtype: a first label of 1 truncates a later 0.5 to 0.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 *
 * const rows = [{ x: [1, 2], label: 0 }, { x: [3, 4], label: 1 }]
 * const batch = Effect.runSync(Collator.stack()(rows, [0, 1]))
 * assert.deepEqual(batch.x?.shape, [2, 2])
 * assert.deepEqual(batch.labels?.data, Int32Array.of(0, 1))
 * ```
 */
export const stack =
  (options: Options = {}): Collator<unknown> =>
  (rows, indices) =>
    Effect.suspend(() => {
      const invalid = rows.findIndex((row) => !isRow(row))
      if (invalid >= 0) return fail({ row: invalid, reason: notARow }, null, indices)
      const records = rows.filter(isRow)
      const batch: { [column: string]: HostTensor } = {}
      const columns = Object.keys(records[0] ?? {})
      for (const column of columns) {
        const name = labels.has(column) ? "labels" : column
        const tensor = Object.hasOwn(batch, name)
          ? fault(0, "is a second column of labels: keep only one")
          : stackColumn(records, column, name, options)
        if (Result.isFailure(tensor)) return fail(tensor.failure, column, indices)
        batch[name] = tensor.success
      }
      for (const [row, record] of records.entries()) {
        const column = Object.keys(record).find((name) => !columns.includes(name))
        if (column !== undefined) return fail({ row, reason: unknownColumn }, column, indices)
      }
      return Effect.succeed(batch)
    })

/**
 * Stacks rows as the Trainer's default collator does: the first row determines the columns and the dtype of the labels. Columns whose first value
 * is text or null are dropped; labels are float32 if the first label is a fraction, else int32.
 *
 * **Errors**: as `stack`. A first label of 1 with a later one of 0.5 is an error, where the Trainer truncates the 0.5 to 0.
 * **Source**: `default_data_collator` (test/golden/collators.test.ts). There integers are int64 in every column; here they are as in `stack`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 *
 * const batch = Effect.runSync(Collator.byFirstRow()([{ x: 1, name: "a", label: 0.5 }], [0]))
 * assert.deepEqual(Object.keys(batch), ["x", "labels"])
 * ```
 */
export const byFirstRow =
  (options: Options = {}): Collator<unknown> =>
  (rows, indices) => {
    const first = Object.entries(isRow(rows[0]) ? rows[0] : {})
    const usable = first.flatMap(([column, value]) => (typeof value === "string" || value == null ? [] : column))
    const label = first.find(([column]) => labels.has(column))?.[1]
    const fractional = typeof label === "number" && !Number.isInteger(label)
    return stack({ ...options, dtypes: { ...(fractional && { labels: "float32" }), ...options.dtypes } })(
      rows.map((row) => (isRow(row) ? Object.fromEntries(usable.map((column) => [column, row[column]])) : row)),
      indices
    )
  }

/** Creates a collator from a function. **Errors**: an exception of `f` becomes a `DataError`. */
export const make =
  <A>(f: (rows: ReadonlyArray<A>) => HostTensors): Collator<A> =>
  (rows, indices) =>
    Effect.try({
      try: () => f(rows),
      catch: (cause) => (cause instanceof DataError ? cause : uncollatable(indices[0] ?? null, cause))
    })

/** An invalid row, by its position in the batch. */
interface Fault {
  readonly row: number
  readonly reason: string
}

const fault = (row: number, reason: string): Result.Result<never, Fault> => Result.fail({ row, reason })

const fail = ({ row, reason }: Fault, column: string | null, indices: ReadonlyArray<number>) =>
  Effect.fail(new DataError({ row: indices[row] ?? row, column, reason }))

const uncollatable = (row: number | null, cause: unknown) =>
  new DataError({ row, column: null, reason: `the batch that begins here cannot be collated: ${cause}` })

/** A row of `stack`: `ColumnValue.Value` by column. */
export type Row = Readonly<{ [column: string]: unknown }>

export const isRow = (row: unknown): row is Row =>
  typeof row === "object" && row !== null && !Array.isArray(row) && !ArrayBuffer.isView(row)

const labels = new Set(["label", "labels", "label_ids"])

/** Whether plain numbers in a column become int32. */
export const isInteger = (name: string) => name === "labels" || name.endsWith("_ids") || name.endsWith("_mask")

const stackColumn = (
  rows: ReadonlyArray<Row>,
  column: string,
  name: string,
  options: Options
): Result.Result<HostTensor, Fault> => {
  const dtype = options.dtypes?.[name]
  let first: ColumnValue.ColumnValue | undefined
  let target = empty("float32", [])
  for (const [row, record] of rows.entries()) {
    if (record[column] === undefined || record[column] === null) return fault(row, absent)
    const parsed = ColumnValue.make(record[column], {
      integer: isInteger(name),
      labels: name === "labels" ? column : undefined
    })
    if (Result.isFailure(parsed)) return fault(row, parsed.failure)
    const value = parsed.success
    if (first === undefined) {
      first = value
      target = empty(dtype ?? value.dtype, [rows.length, ...value.shape])
    }
    if (!sameShape(value.shape, first.shape)) return fault(row, ragged(value.shape, `the batch's first row has [${first.shape}]`))
    if (dtype === undefined && value.dtype !== first.dtype) return fault(row, mixed(value.dtype, first.dtype))
    const inexactValue = write(target, row * value.data.length, value.data, options.allowNonFinite ?? false)
    if (inexactValue !== undefined) return fault(row, inexact(inexactValue, target.dtype, name))
  }
  return Result.succeed(target)
}

const sameShape = (a: ReadonlyArray<number>, b: ReadonlyArray<number>) => a.length === b.length && a.every((n, i) => n === b[i])

const empty = (dtype: DType, shape: ReadonlyArray<number>): HostTensor => {
  const size = sizeOf(shape)
  const data: Values =
    dtype === "float32" ? new Float32Array(size) : dtype === "int32" ? new Int32Array(size) : new Uint8Array(size)
  return { dtype, shape, data }
}

/** Copies values into the batch from `start` on. Returns the first value that the dtype cannot represent, or undefined. */
const write = (
  { dtype, data }: HostTensor,
  start: number,
  values: ColumnValue.ColumnValue["data"],
  allowNonFinite: boolean
): number | undefined => {
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i])
    data[start + i] = value
    const isExact =
      dtype === "float32"
        ? allowNonFinite || Number.isFinite(data[start + i])
        : data[start + i] === value && (dtype === "int32" || value < 2)
    if (!isExact) return value
  }
  return undefined
}

const notARow = "is not a record of columns: make it { name: values } with Dataset.map"

const unknownColumn = "is not in the batch's first row: give all rows the same columns"

const absent = "has no value: fill it in, or leave the column out of every row, with Dataset.map"

/** Describes a row whose shape is not that of other rows, for an error. */
export const ragged = (found: ReadonlyArray<number> | string, others: string) =>
  `has shape [${found}] where ${others}: pad the rows to one shape, or use a collator that pads (Collator.forTokenizer; Collator.seq2seqFor where labels have a length of their own)`

const mixed = (found: DType, first: DType) =>
  `is ${found} where the batch's first row is ${first}: give the column one kind, or name it in dtypes`

const inexact = (value: number, dtype: DType, name: string) => {
  if (!Number.isFinite(value)) return `holds ${value}: clean the data${dtype === "float32" ? ", or set allowNonFinite" : ""}`
  if (dtype === "float32" || Number.isInteger(value)) return `holds ${value}, which ${dtype} cannot hold`
  return `holds ${value} where ${dtype} is expected. If fractions are intended, set dtypes: { ${name}: "float32" }`
}
