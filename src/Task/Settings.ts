/** The settings that all tasks share: the model, sample limits, early stopping. The names are those of transformers' example scripts. */
import * as Field from "../Arguments/Field.ts"
import type * as FieldTable from "../Arguments/FieldTable.ts"
import { defined } from "../Defined.ts"

/** Makes the field of an integer of at least 1. */
export const size = (initial: number) => Field.integer(initial, { minimum: 1 })

/** The field of an optional integer of at least 1. */
export const maybe = Field.optional(size(1))

/** The field of an optional string. */
export const name = Field.optional(Field.text(""))

export const fields = {
  model_name_or_path: Field.about("Folder of a model, or its name on the hub", name),
  model_revision: Field.about("Branch, tag or commit on the hub", Field.text("main")),
  config_name: Field.about("Folder of another config.json; without a model, weights are initialized at random", name),
  tokenizer_name: Field.about("Folder of another tokenizer", name),
  ignore_mismatched_sizes: Field.about("Initialize a head that was trained for other labels", Field.boolean(false)),
  max_train_samples: Field.about("Maximum rows of the training file", maybe),
  max_eval_samples: Field.about("Maximum rows of the validation file", maybe),
  max_predict_samples: Field.about("Maximum rows of the test file", maybe),
  pad_to_max_length: Field.about("Pad all rows to one length instead of each batch to its longest row", Field.boolean(false)),
  early_stopping_patience: Field.about("Stop after this many evaluations without improvement of metric_for_best_model", maybe),
  early_stopping_threshold: Field.about("How much the metric must improve to count", Field.number(0, { minimum: 0 }))
}

/** Gives the early-stopping option of a program; empty without a patience or without training. */
export const earlyStopping = (
  { earlyStoppingPatience: patience, earlyStoppingThreshold: threshold }: FieldTable.Values<typeof fields>,
  trains: boolean
) => defined({ earlyStopping: trains && patience !== null ? { patience, threshold } : undefined })
