/** Removes the columns that a model does not take before rows are collated (`remove_unused_columns`). */
import { Result, Schema } from "effect"
import { type Collator, isRow } from "./Collator.ts"

/** The names of the columns that a model takes. */
export type Takes = ReadonlySet<string>

/** Rows without any column that the model takes. */
export class NoColumnTaken extends Schema.TaggedError<NoColumnTaken>()("NoColumnTaken", {
  columns: Schema.Array(Schema.String),
  takes: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The rows have the columns ${this.columns.join(", ")}, and the model takes ${this.takes.join(", ")}: no column would remain. Rename columns with Dataset.map, or set remove_unused_columns to false if the collator creates the model's columns.`
  }
}

/** Rows whose label would be removed: it is named `labels` in a batch, and the model's labels have other names. */
export class LabelNotTaken extends Schema.TaggedError<LabelNotTaken>()("LabelNotTaken", {
  column: Schema.String,
  labels: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The rows have the column "${this.column}", which is "labels" in a batch, and the model's labels are ${this.labels.join(", ")}, which the rows do not have. Rename the column with Dataset.map, call the model's label "labels", or set remove_unused_columns to false if the collator renames it.`
  }
}

export type ColumnsError = NoColumnTaken | LabelNotTaken

/** The columns that become `labels` in a batch. */
const renamed = ["label", "label_ids"]

/**
 * Returns the columns that a model takes: its inputs, its labels, `more`, and those that a collator renames to `labels` if the model takes `labels`.
 * Undefined if the model does not declare its inputs.
 */
export const takenBy = (
  model: { readonly inputs?: ReadonlyArray<string>; readonly labels?: ReadonlyArray<string> },
  more: ReadonlyArray<string> = []
): Takes | undefined => {
  if (model.inputs === undefined) return undefined
  const named = [...model.inputs, ...(model.labels ?? ["labels"]), ...more]
  return new Set(named.includes("labels") ? [...named, ...renamed] : named)
}

/**
 * Returns the columns of a dataset's first row that the model does not take; none for rows that are not records.
 *
 * **Errors**: `NoColumnTaken`; `LabelNotTaken` for a `label` whose name in the model is different.
 */
export const unused = (
  row: unknown,
  takes: Takes,
  labels: ReadonlyArray<string> = []
): Result.Result<ReadonlyArray<string>, ColumnsError> => {
  if (!isRow(row)) return Result.succeed([])
  const columns = Object.keys(row)
  const dropped = columns.filter((column) => !takes.has(column))
  if (columns.length > 0 && dropped.length === columns.length)
    return Result.fail(new NoColumnTaken({ columns, takes: [...takes] }))
  const label = dropped.find((column) => renamed.includes(column))
  return label === undefined || labels.length === 0 || labels.some((name) => columns.includes(name))
    ? Result.succeed(dropped)
    : Result.fail(new LabelNotTaken({ column: label, labels }))
}

/** Restricts the rows of a collator to the columns that the model takes. */
export const only =
  <A>(collate: Collator<A>, takes: Takes): Collator<A> =>
  (rows, indices, epoch) =>
    collate(
      rows.map((row) => pick(row, takes)),
      indices,
      epoch
    )

/** Returns a row without the other columns, or the row itself if it has none or is not a record. */
const pick = <A>(row: A, takes: Takes): A =>
  isRow(row) && Object.keys(row).some((column) => !takes.has(column))
    ? (Object.fromEntries(Object.entries(row).filter(([column]) => takes.has(column))) as A)
    : row
