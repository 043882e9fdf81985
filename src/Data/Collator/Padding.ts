/** Collators that pad rows of tokens to one length. **Unit**: lengths are in tokens. */
import { Effect, Result } from "effect"
import { type Collator, isRow, type Row, stack } from "../Collator.ts"
import { DataError } from "../Dataset.ts"

export interface Options {
  /** The padding value of `input_ids`. Default 0. */
  readonly padToken?: number
  /** The padding value of per-token `labels`. Default -100, which losses ignore. */
  readonly labelPad?: number
  /** The padded length. Default: that of the longest row of the batch. */
  readonly length?: number
  /** Rounds the length up to a multiple (`pad_to_multiple_of`): fewer distinct shapes run faster. */
  readonly multipleOf?: number
  /** The padding side. Default "right". */
  readonly side?: "right" | "left"
  /** The padding values of further per-token columns, by name. */
  readonly pads?: Readonly<{ [column: string]: number }>
}

/**
 * Pads `input_ids` and the per-token columns (`attention_mask`, `token_type_ids`, `special_tokens_mask`), and stacks. An `attention_mask` is added if
 * missing. `labels` are padded if every row has one per token; other labels keep their shape (multi-label classes), and are float32 if one of them
 * has a fraction (regression).
 *
 * **Shapes**: `[...length]` becomes `[rows, length]`.
 * **Errors**: `DataError` for a row that is longer than `length`, and as `Collator.stack`.
 * **Source**: `DataCollatorWithPadding`, `DataCollatorForTokenClassification` (test/golden/collators.test.ts).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Collator } from "regimen/data"
 *
 * const batch = Effect.runSync(Collator.padding()([{ input_ids: [5, 6] }, { input_ids: [7] }], [0, 1]))
 * assert.deepEqual(batch.input_ids?.data, Int32Array.of(5, 6, 7, 0))
 * assert.deepEqual(batch.attention_mask?.data, Int32Array.of(1, 1, 1, 0))
 * ```
 */
export const padding = (options: Options = {}): Collator<unknown> => padded(options, Result.succeed)

/** Creates a collator that pads rows as `padding` does, transforms each padded row, and stacks them. */
export const padded =
  (
    options: Options,
    transform: (row: Row, index: number, epoch: number) => Result.Result<Row, DataError>,
    pad: typeof padRows = padRows
  ): Collator<unknown> =>
  (rows, indices, epoch = 0) => {
    const transformed = Result.flatMap(pad(rows, indices, options), (paddedRows) =>
      Result.all(paddedRows.map((row, i) => transform(row, indices[i] ?? i, epoch)))
    )
    if (Result.isFailure(transformed)) return Effect.fail(transformed.failure)
    const dtypes = transformed.success.some(hasFractionalLabels) ? { labels: "float32" as const } : {}
    return stack({ dtypes })(transformed.success, indices)
  }

/** Whether a row has a fractional label: regression or soft labels. */
const hasFractionalLabels = (row: Row): boolean => {
  const labels = row.labels ?? row.label ?? row.label_ids
  const isFraction = (label: unknown) => typeof label === "number" && Number.isFinite(label) && !Number.isInteger(label)
  return Array.isArray(labels) ? labels.some(isFraction) : isFraction(labels)
}

/** Pads `input_ids` and the per-token columns to one length. */
export const padRows = (
  rows: ReadonlyArray<unknown>,
  indices: ReadonlyArray<number>,
  options: Options
): Result.Result<ReadonlyArray<Row>, DataError> =>
  Result.gen(function* () {
    const records: Array<Row> = []
    for (const [i, row] of rows.entries()) {
      const index = indices[i] ?? i
      if (!isRow(row))
        return yield* fail(index, null, "is not a record of columns: make it { input_ids: [...] } with Dataset.map")
      const ids = row.input_ids
      if (ids === undefined) return yield* fail(index, null, notTokenized(row))
      if (!isSequence(ids)) return yield* fail(index, "input_ids", "is not a sequence of tokens: it must be an array of ids")
      records.push({ ...row, attention_mask: row.attention_mask ?? Array.from(ids, () => 1) })
    }
    const { padToken = 0, labelPad = -100, pads = {} } = options
    const perToken = records.every(({ input_ids, labels }) => isSequence(labels) && labels.length === lengthOfSequence(input_ids))
    const columns = { ...perTokenPads, ...pads, input_ids: padToken, ...(perToken && { labels: labelPad }) }
    const length = yield* lengthOf(records, "input_ids", indices, options)
    return records.map((row) => ({ ...row, ...padColumns(row, columns, length, options) }))
  })

/** Pads one column to its longest row, or to the length of the options. */
export const padColumn = (
  rows: ReadonlyArray<Row>,
  column: string,
  value: number,
  indices: ReadonlyArray<number>,
  options: Options
): Result.Result<ReadonlyArray<Row>, DataError> =>
  Result.map(lengthOf(rows, column, indices, options), (length) =>
    rows.map((row) => ({ ...row, ...padColumns(row, { [column]: value }, length, options) }))
  )

export const isSequence = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))

const lengthOfSequence = (value: unknown): number => (isSequence(value) ? value.length : 0)

const perTokenPads = { attention_mask: 0, token_type_ids: 0, special_tokens_mask: 1 }

const padColumns = (
  row: Row,
  columns: Readonly<{ [column: string]: number }>,
  length: number,
  { side = "right" }: Options
): Row =>
  Object.fromEntries(
    Object.entries(columns).flatMap(([column, value]) => {
      const sequence = row[column]
      if (!isSequence(sequence) || sequence.length > length) return []
      const fill = new Array<number>(length - sequence.length).fill(value)
      const values = Array.from(sequence)
      return [[column, side === "right" ? [...values, ...fill] : [...fill, ...values]]]
    })
  )

const lengthOf = (
  rows: ReadonlyArray<Row>,
  column: string,
  indices: ReadonlyArray<number>,
  { length, multipleOf = 1 }: Options
): Result.Result<number, DataError> => {
  const lengths = rows.map((row) => lengthOfSequence(row[column]))
  const target = Math.ceil((length ?? Math.max(...lengths)) / multipleOf) * multipleOf
  const long = lengths.findIndex((size) => size > target)
  return long < 0
    ? Result.succeed(target)
    : fail(
        indices[long] ?? long,
        column,
        `has ${lengths[long]} tokens where the batch is padded to ${target}: truncate it when tokenizing`
      )
}

const notTokenized = (row: Row) =>
  `the rows have no input_ids (they have ${Object.keys(row).join(", ") || "nothing"}): tokenize them first, with Tokenizer.encode`

const fail = (row: number, column: string | null, reason: string) => Result.fail(new DataError({ row, column, reason }))
