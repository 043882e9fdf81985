/** The table of all arguments with the names and defaults of `TrainingArguments`, in groups. Types, flags, help and JSON derive from it. */
import type { Field } from "./Field.ts"
import { evaluation, generation } from "./Fields/Evaluation.ts"
import { logging } from "./Fields/Logging.ts"
import { deprecated, distributed, hub, precisionAndCompilation } from "./Fields/NotSupported.ts"
import { saving } from "./Fields/Saving.ts"
import { data, run, training } from "./Fields/Training.ts"
import type * as FieldTable from "./FieldTable.ts"

export { optims } from "./Fields/Optim.ts"
export { schedulers } from "./Fields/Training.ts"

/** A titled group of arguments, as `--help` shows them. */
export interface Group {
  readonly title: string
  readonly fields: Readonly<Record<string, Field<unknown>>>
}

/** The groups of `TrainingArguments`. */
export const groups: ReadonlyArray<Group> = [
  { title: "Run", fields: run },
  { title: "Training", fields: training },
  { title: "Data", fields: data },
  { title: "Evaluation", fields: evaluation },
  { title: "Logging", fields: logging },
  { title: "Checkpoints", fields: saving },
  { title: "Precision, compilation and memory", fields: precisionAndCompilation },
  { title: "Distributed training", fields: distributed },
  { title: "Hugging Face Hub", fields: hub },
  { title: "Deprecated", fields: deprecated }
]

/** The fields of `TrainingArguments`. */
export const fields = {
  ...run,
  ...training,
  ...data,
  ...evaluation,
  ...logging,
  ...saving,
  ...precisionAndCompilation,
  ...distributed,
  ...hub,
  ...deprecated
}

/** The group of arguments that `Seq2SeqTrainingArguments` adds. */
export const seq2seqGroup: Group = { title: "Generation", fields: generation }

/** The fields of `Seq2SeqTrainingArguments`. */
export const seq2seq = { ...fields, ...generation }

/** The name of an argument in snake_case. */
export type Name = FieldTable.Name<typeof fields>
