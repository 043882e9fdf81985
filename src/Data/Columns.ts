/** The columns of rows, and those of them that a model takes: the others are left out before rows are collated. */
import { Result, Schema } from "effect"
import { type Collator, isRow } from "./Collator.ts"

/** The names of the columns that a model takes. */
export type Takes = ReadonlySet<string>

/** Rows of which a model takes no column. */
export class NoColumnTaken extends Schema.TaggedError<NoColumnTaken>()("NoColumnTaken", {
  columns: Schema.Array(Schema.String),
  takes: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The rows have the columns ${this.columns.join(", ")}, and the model takes ${this.takes.join(", ")}: none would be left. Rename columns with Dataset.map, or set remove_unused_columns to false where the collator makes what the model takes.`
  }
}

/** Rows whose label would be left out: it is called `labels` in a batch, and the model's labels are called something else. */
export class LabelNotTaken extends Schema.TaggedError<LabelNotTaken>()("LabelNotTaken", {
  column: Schema.String,
  labels: Schema.Array(Schema.String)
}) {
  override get message() {
    return `The rows have the column "${this.column}", which is "labels" in a batch, and the model's labels are ${this.labels.join(", ")}, which the rows do not have. Rename the column with Dataset.map, call the model's label "labels", or set remove_unused_columns to false where the collator renames it.`
  }
}

export type ColumnsError = NoColumnTaken | LabelNotTaken

/** The columns that become `labels` in a batch. */
const renamed = ["label", "label_ids"]

/**
 * Gives the columns that a model takes: its inputs, its labels, `more`, and those that a collator renames to `labels` where the model has that.
 * Undefined when the model does not say.
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
 * Looks at a dataset's first row, and gives the columns that the model does not take. Rows that are no records have none.
 *
 * **Errors**: `NoColumnTaken`; `LabelNotTaken` for a `label` that the model has under another name.
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

/** Shows a collator only the columns that are taken. */
export const only =
  <A>(collate: Collator<A>, takes: Takes): Collator<A> =>
  (rows, indices, epoch) =>
    collate(
      rows.map((row) => pick(row, takes)),
      indices,
      epoch
    )

/** A row without the other columns; the row itself where there are none, or it is no record. */
const pick = <A>(row: A, takes: Takes): A =>
  isRow(row) && Object.keys(row).some((column) => !takes.has(column))
    ? (Object.fromEntries(Object.entries(row).filter(([column]) => takes.has(column))) as A)
    : row
