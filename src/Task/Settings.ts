/** The settings that all tasks share: the model, how much of the data, early stopping. The names are those of transformers' example scripts. */
import * as Field from "../Arguments/Field.ts"
import type * as Table from "../Arguments/Table.ts"
import { defined } from "../Defined.ts"

/** A whole number from 1 on. */
export const size = (initial: number) => Field.integer(initial, { minimum: 1 })

/** A whole number from 1 on, or nothing. */
export const maybe = Field.optional(size(1))

/** A text, or nothing. */
export const name = Field.optional(Field.text(""))

export const fields = {
  model_name_or_path: Field.about("Folder of a model, or its name on the hub", name),
  model_revision: Field.about("Branch, tag or commit on the hub", Field.text("main")),
  config_name: Field.about("Folder of another config.json; without a model, weights begin at random", name),
  tokenizer_name: Field.about("Folder of another tokenizer", name),
  ignore_mismatched_sizes: Field.about("Begin a head anew that was trained for other labels", Field.boolean(false)),
  max_train_samples: Field.about("Rows of the training file that are used", maybe),
  max_eval_samples: Field.about("Rows of the validation file that are used", maybe),
  max_predict_samples: Field.about("Rows of the test file that are used", maybe),
  pad_to_max_length: Field.about("Pad all rows to one length, not each batch to its longest", Field.boolean(false)),
  early_stopping_patience: Field.about("Stop after this many evaluations without improvement of metric_for_best_model", maybe),
  early_stopping_threshold: Field.about("How much the metric must improve to count", Field.number(0, { minimum: 0 }))
}

/** Reads the early stopping of a training; empty where no patience is given, or nothing is trained. */
export const earlyStopping = (
  { earlyStoppingPatience: patience, earlyStoppingThreshold: threshold }: Table.Values<typeof fields>,
  trains: boolean
) => defined({ earlyStopping: trains && patience !== null ? { patience, threshold } : undefined })
