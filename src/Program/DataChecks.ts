/** Checks of data before step 0: the tokenizer against the model, and all rows that are in memory. */
import { Effect, Result, Schema } from "effect"
import { type Collator, isInteger, isRow, ragged } from "../Data/Collator.ts"
import { DataError, type Dataset } from "../Data/Dataset.ts"
import * as SuspectRows from "../Data/SuspectRows.ts"
import type { Takes } from "../Data/UnusedColumns.ts"
import type { Check } from "../Model/Checks.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"

/** A tokenizer gives tokens that the model does not have. */
export class TokenizerMismatch extends Schema.TaggedError<TokenizerMismatch>()("TokenizerMismatch", {
  /** **Unit**: tokens. */
  vocabularySize: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `The tokenizer has ${this.vocabularySize} tokens, and its last one is not the model's: ${this.reason}. Take the tokenizer of this model, or resize the model: ResizeTokenEmbeddings.resize(model, ${this.vocabularySize}).`
  }
}

type Checked = Pick<Model, "inputs" | "labels" | "validate">

/** Checks that the model has the tokenizer's last token, where the model has a `validate`. **Errors**: `TokenizerMismatch`. */
export const tokens = (model: Checked, tokenizer: Tokenizer | undefined): Effect.Effect<void, TokenizerMismatch> => {
  if (tokenizer === undefined) return Effect.void
  const { vocabularySize } = tokenizer
  const fault = model.validate?.({ input_ids: row([vocabularySize - 1]) })
  return fault === undefined
    ? Effect.void
    : Effect.fail(new TokenizerMismatch({ vocabularySize, reason: `${fault.field} ${fault.reason}` }))
}

export interface RowsOptions<A> {
  readonly model: Checked
  readonly dataset: Dataset<A>
  readonly dataCollator: Collator<A>
  /** The columns that reach the collator; all if undefined. */
  readonly takes: Takes | undefined
  /** **Unit**: rows. Rows that are alone in their batch may have any shape. */
  readonly batchSize: number
}

/**
 * Checks all rows whose columns are at hand (`Dataset.column`): no row is read or computed for it. Rows that differ from most of their column (no value,
 * another shape or kind, NaN, fractions where integers are wanted) are collated with a typical row, one for each way of differing; rows that the model's `validate`
 * refuses are collated alone. What the collator repairs is accepted.
 *
 * **Errors**: `DataError` with the row and the column.
 */
export const rows = Effect.fnUntraced(function* <A>(options: RowsOptions<A>): Effect.fn.Return<void, DataError> {
  const { dataset, model, takes } = options
  if (dataset.column === undefined || dataset.size === 0) return
  const [first] = yield* dataset.rows([0])
  const columns: Array<SuspectRows.Column> = []
  for (const name of takes ??
    new Set([...(isRow(first) ? Object.keys(first) : []), ...(model.inputs ?? []), ...labelsOf(model)])) {
    const values = dataset.column(name)
    if (values !== undefined) columns.push({ name, integer: isInteger(inBatch(name)), values: yield* values })
  }
  for (const suspect of yield* SuspectRows.scan(columns, dataset.size)) yield* tryToCollate(options, suspect)
  const checked = new Set([...(model.inputs ?? []), ...labelsOf(model)])
  const named = columns.filter(({ name }) => checked.has(name))
  if (model.validate !== undefined) yield* validated(options, model.validate, named)
})

/**
 * Checks one field of all rows whose columns are at hand, as `rows` does by the model's `validate`.
 *
 * **Errors**: `DataError` with the row and the field.
 */
export const field = Effect.fnUntraced(function* <A>(
  { dataCollator, dataset }: Pick<RowsOptions<A>, "dataCollator" | "dataset">,
  name: string,
  check: Check
): Effect.fn.Return<void, DataError> {
  const columns: Array<NamedValues> = []
  for (const column of name === "labels" ? labelColumns : [name]) {
    const values = dataset.column?.(column)
    if (values !== undefined) columns.push({ name: column, values: yield* values })
  }
  yield* validated({ dataCollator, dataset }, check, columns)
})

/** Collates a batch of typical rows and one that differs. Accepts the row where the collator fails on typical rows alone as well. */
const tryToCollate = Effect.fnUntraced(function* <A>(
  { batchSize, dataCollator, dataset }: RowsOptions<A>,
  { form, kind, row, typical: { count, form: typicalForm, row: typical } }: SuspectRows.Suspect
): Effect.fn.Return<void, DataError> {
  if (batchSize === 1 && kind === "shape") return
  const companions = new Array<number>(Math.max(batchSize, kind === "absent" ? 2 : 1) - 1).fill(typical)
  const collated = (row: number) =>
    Effect.result(Effect.flatMap(dataset.rows([...companions, row]), (found) => dataCollator(found, [...companions, row], 0)))
  const attempt = yield* collated(row)
  if (Result.isSuccess(attempt) || (row !== typical && Result.isFailure(yield* collated(typical)))) return
  const { failure } = attempt
  // The batch was composed here, so its first row says nothing to the user.
  const isRagged = kind === "shape" && failure.reason === ragged(form.slice(1, -1), `the batch's first row has ${typicalForm}`)
  if (!isRagged) return yield* failure
  const others = `${count} of ${dataset.size} rows have ${typicalForm} (row ${typical} is the first)`
  return yield* new DataError({ ...failure, reason: ragged(form.slice(1, -1), others) })
})

const validated = Effect.fnUntraced(function* <A>(
  { dataCollator, dataset }: Pick<RowsOptions<A>, "dataCollator" | "dataset">,
  validate: Check,
  columns: ReadonlyArray<NamedValues>
): Effect.fn.Return<void, DataError> {
  if (columns.length === 0) return
  for (let index = 0; index < dataset.size; index++) {
    if (index % chunk === 0) yield* Effect.yieldNow
    const cells = columns.flatMap(({ name, values }) => {
      const cell = cellOf(values[index])
      return cell === undefined ? [] : [[inBatch(name), cell] as const]
    })
    if (validate(Object.fromEntries(cells)) === undefined) continue
    const batch = yield* Effect.option(Effect.flatMap(dataset.rows([index]), (found) => dataCollator(found, [index], 0)))
    const fault = batch._tag === "Some" ? validate(batch.value) : undefined
    if (fault !== undefined) return yield* new DataError({ row: index, column: fault.field, reason: fault.reason })
  }
})

type NamedValues = Pick<SuspectRows.Column, "name" | "values">

/** The columns that a collator renames to `labels`. */
const labelColumns = ["labels", "label", "label_ids"]

/** The columns that may hold a model's labels. */
const labelsOf = ({ labels = ["labels"] }: Checked) => labels.flatMap((name) => (name === "labels" ? labelColumns : [name]))

/** The name of a column in a batch. */
const inBatch = (name: string) => (name === "label" || name === "label_ids" ? "labels" : name)

/** Rows between two yields to other fibers. */
const chunk = 1024

/** A number or a sequence of them, as the one row of a batch; other values are left to the collator. */
const cellOf = (value: unknown): HostTensor | undefined => {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const sequence = value as unknown as ArrayLike<unknown>
    return typeof sequence[0] === "number" ? row(sequence as ArrayLike<number>) : undefined
  }
  return typeof value === "number" ? { dtype: "int32", shape: [1], data: Int32Array.of(value) } : undefined
}

const row = (values: ArrayLike<number>): HostTensor => ({
  dtype: "int32",
  shape: [1, values.length],
  data: values instanceof Int32Array ? values : Int32Array.from(values)
})
