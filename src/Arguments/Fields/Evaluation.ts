/** Arguments of evaluation and prediction: intervals, batches, and the metric of the best model. */
import { about, boolean, choice, idle, integer, lacking, list, number, optional, text, texts } from "../Field.ts"
import { memories } from "./Lacks.ts"
import { strategies } from "./Strategies.ts"

export const fields = {
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
  past_index: about("Index of the model output that is the next step's past input; -1 for none", lacking(memories, integer(-1))),
  load_best_model_at_end: about("Load the weights of the best checkpoint when training ends", boolean(false)),
  metric_for_best_model: about("Name of the metric that determines the best checkpoint; null for loss", optional(text(""))),
  greater_is_better: about(
    "Whether higher is better for metric_for_best_model; null derives it from the name",
    optional(boolean(false))
  )
}
