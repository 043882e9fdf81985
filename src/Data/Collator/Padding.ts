/** Rows of tokens, padded to one length. **Unit**: lengths are in tokens. */
import { Effect, Result } from "effect"
import { type Collator, isRow, type Row, stack } from "../Collator.ts"
import { DataError } from "../Dataset.ts"

export interface Options {
  /** What `input_ids` are padded with. Default 0. */
  readonly padToken?: number
  /** What `labels` are padded with if there is one per token. Default -100, which losses ignore. */
  readonly labelPad?: number
  /** Pads to this length, whatever the rows are. Default: the longest row of the batch. */
  readonly length?: number
  /** Rounds the length up to a multiple: batches of few shapes run faster. */
  readonly multipleOf?: number
  /** Where the padding goes. Default "right". */
  readonly side?: "right" | "left"
  /** What further columns that go with `input_ids` are padded with, by name. */
  readonly pads?: Readonly<{ [column: string]: number }>
}

/**
 * Pads `input_ids` and the columns beside them (`attention_mask`, `token_type_ids`, `special_tokens_mask`), and stacks. An `attention_mask` is added where
 * there is none. `labels` are padded where every row has one per token; other labels keep their own shape (multi-label classes), and are float32 where
 * one of them has a fraction (a regression).
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

/** A collator that pads rows as `padding` does, changes them, and stacks them. `change` sees one padded row and its index. */
export const padded =
  (
    options: Options,
    change: (row: Row, index: number, epoch: number) => Result.Result<Row, DataError>,
    pad: typeof padRows = padRows
  ): Collator<unknown> =>
  (rows, indices, epoch = 0) => {
    const changed = Result.flatMap(pad(rows, indices, options), (equal) =>
      Result.all(equal.map((row, i) => change(row, indices[i] ?? i, epoch)))
    )
    if (Result.isFailure(changed)) return Effect.fail(changed.failure)
    const dtypes = changed.success.some(hasFractionalLabels) ? { labels: "float32" as const } : {}
    return stack({ dtypes })(changed.success, indices)
  }

/** Whether a row has a label or labels with a fraction: a regression, or soft labels. */
const hasFractionalLabels = (row: Row): boolean => {
  const labels = row.labels ?? row.label ?? row.label_ids
  const isFraction = (label: unknown) => typeof label === "number" && Number.isFinite(label) && !Number.isInteger(label)
  return Array.isArray(labels) ? labels.some(isFraction) : isFraction(labels)
}

/** Pads the columns that go with `input_ids` to one length. */
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
      if (ids === undefined) return yield* fail(index, null, untokenised(row))
      if (!isSequence(ids)) return yield* fail(index, "input_ids", "is no sequence of tokens: there is nothing to pad by")
      records.push({ ...row, attention_mask: row.attention_mask ?? Array.from(ids, () => 1) })
    }
    const { padToken = 0, labelPad = -100, pads = {} } = options
    const perToken = records.every(({ input_ids, labels }) => isSequence(labels) && labels.length === lengthOfSequence(input_ids))
    const columns = { ...alongside, ...pads, input_ids: padToken, ...(perToken && { labels: labelPad }) }
    const length = yield* lengthOf(records, "input_ids", indices, options)
    return records.map((row) => ({ ...row, ...padColumns(row, columns, length, options) }))
  })

/** Pads one column to the length that its own rows and the options ask for. */
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

const alongside = { attention_mask: 0, token_type_ids: 0, special_tokens_mask: 1 }

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
      const found = Array.from(sequence)
      return [[column, side === "right" ? [...found, ...fill] : [...fill, ...found]]]
    })
  )

const lengthOf = (
  rows: ReadonlyArray<Row>,
  column: string,
  indices: ReadonlyArray<number>,
  { length, multipleOf = 1 }: Options
): Result.Result<number, DataError> => {
  const lengths = rows.map((row) => lengthOfSequence(row[column]))
  const wanted = Math.ceil((length ?? Math.max(...lengths)) / multipleOf) * multipleOf
  const long = lengths.findIndex((found) => found > wanted)
  return long < 0
    ? Result.succeed(wanted)
    : fail(
        indices[long] ?? long,
        column,
        `has ${lengths[long]} tokens where the batch is padded to ${wanted}: cut it with Dataset.map`
      )
}

const untokenised = (row: Row) =>
  `the rows have no input_ids (they have ${Object.keys(row).join(", ") || "nothing"}): tokenize them first, with Tokenizer.encode`

const fail = (row: number, column: string | null, reason: string) => Result.fail(new DataError({ row, column, reason }))
