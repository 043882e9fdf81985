/** Arguments of evaluation and prediction, and of text generation in them. */
import { Schema } from "effect"
import {
  about,
  boolean,
  choice,
  type Field,
  idle,
  integer,
  jsonDictionary,
  list,
  number,
  optional,
  requires,
  strategies,
  text,
  texts
} from "../Field.ts"

/** Intervals, batches, predictions, and the metric of the best model. */
export const evaluation = {
  eval_strategy: about("When to evaluate", choice("no", strategies)),
  eval_steps: about(
    "Updates between evaluations, or below 1 a fraction of the run; null for logging_steps",
    optional(number(0, { minimum: 0 }))
  ),
  eval_delay: about("Epochs or updates, by eval_strategy, before the first evaluation", number(0, { minimum: 0 })),
  eval_on_start: about("Also evaluate once before training", boolean(false)),
  per_device_eval_batch_size: about("Examples in an evaluation batch", integer(8, { minimum: 1 })),
  eval_accumulation_steps: about(
    "Batches of predictions held on the device before they move to host memory; null for all",
    optional(integer(1, { minimum: 1 }))
  ),
  prediction_loss_only: about("Return only the loss, without predictions and metrics", boolean(false)),
  eval_do_concat_batches: about("Concatenate the predictions of all batches", boolean(true)),
  batch_eval_metrics: about("Compute metrics batch by batch, without holding all predictions in memory", boolean(false)),
  include_for_metrics: about("What computeMetrics receives besides predictions and labels", list(["inputs", "loss"])),
  eval_use_gather_object: about(
    "Gather arbitrary objects from all processes",
    idle("A run is one process: there is nothing to gather.", boolean(false))
  ),
  jit_mode_eval: about("Compile the evaluation step", boolean(false)),
  label_names: about("Names of the input columns that are labels; null for the model's own", optional(texts([]))),
  past_index: about(
    "Index of the model output that is the next step's past input; -1 for none",
    requires({ missing: "a model that returns past hidden states", instead: "Leave it at -1." }, integer(-1))
  ),
  load_best_model_at_end: about("Load the weights of the best checkpoint when training ends", boolean(false)),
  metric_for_best_model: about("Name of the metric that determines the best checkpoint; null for loss", optional(text(""))),
  greater_is_better: about(
    "Whether higher is better for metric_for_best_model; null derives it from the name",
    optional(boolean(false))
  )
}

type Settings = Readonly<Record<string, unknown>>

/** A generation config, or the folder or model that has one. */
const configuration: Field<Settings | string, Settings | string> = {
  ...jsonDictionary,
  schema: Schema.Union([Schema.Record(Schema.String, Schema.Unknown), Schema.String]),
  default: {},
  expected: "an object of names and values, or the path of a folder"
}

/** The arguments that `Seq2SeqTrainingArguments` adds to `TrainingArguments`. */
export const generation = {
  sortish_sampler: about("Sort training examples roughly by length, with some randomness", boolean(false)),
  predict_with_generate: about("Generate text in evaluation, for metrics such as ROUGE and BLEU", boolean(false)),
  generation_max_length: about(
    "Maximum length of generated text, in tokens; null for the model's own",
    optional(integer(1, { minimum: 1 }))
  ),
  generation_num_beams: about("Number of beams in beam search; null for the model's own", optional(integer(1, { minimum: 1 }))),
  generation_config: about("Generation config, or the folder of a model that has one", optional(configuration))
}
