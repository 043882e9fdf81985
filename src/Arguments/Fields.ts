/** The table of all arguments with the names and defaults of `TrainingArguments`, in groups. Types, flags, help and JSON derive from it. */
import type { Field } from "./Field.ts"
import * as Data from "./Fields/Data.ts"
import * as Deprecated from "./Fields/Deprecated.ts"
import * as Evaluation from "./Fields/Evaluation.ts"
import * as Hub from "./Fields/Hub.ts"
import * as Logging from "./Fields/Logging.ts"
import * as Processes from "./Fields/Processes.ts"
import * as Run from "./Fields/Run.ts"
import * as Saving from "./Fields/Saving.ts"
import * as Seq2Seq from "./Fields/Seq2Seq.ts"
import * as Speed from "./Fields/Speed.ts"
import * as Training from "./Fields/Training.ts"
import type * as Table from "./Table.ts"

export { optims } from "./Fields/Optim.ts"
export { schedulers } from "./Fields/Training.ts"

/** A titled group of arguments, as `--help` shows them. */
export interface Group {
  readonly title: string
  readonly fields: Readonly<Record<string, Field<unknown>>>
}

export const groups: ReadonlyArray<Group> = [
  { title: "The run", fields: Run.fields },
  { title: "Training", fields: Training.fields },
  { title: "Data", fields: Data.fields },
  { title: "Evaluation", fields: Evaluation.fields },
  { title: "Logging", fields: Logging.fields },
  { title: "Checkpoints", fields: Saving.fields },
  { title: "Precision, compilation and memory", fields: Speed.fields },
  { title: "Many processes", fields: Processes.fields },
  { title: "The hub", fields: Hub.fields },
  { title: "Deprecated", fields: Deprecated.fields }
]

/** The fields of `TrainingArguments`. */
export const fields = {
  ...Run.fields,
  ...Training.fields,
  ...Data.fields,
  ...Evaluation.fields,
  ...Logging.fields,
  ...Saving.fields,
  ...Speed.fields,
  ...Processes.fields,
  ...Hub.fields,
  ...Deprecated.fields
}

/** The fields of `Seq2SeqTrainingArguments`. */
export const seq2seq = { ...fields, ...Seq2Seq.fields }

/** The name of an argument in snake_case. */
export type Name = Table.Name<typeof fields>
