/** Arguments of evaluation and prediction: intervals, batches, and the metric of the best model. */
import { about, boolean, choice, idle, integer, lacking, list, number, optional, text, texts } from "../Field.ts"
import { memories } from "./Lacks.ts"
import { strategies } from "./Strategies.ts"

export const fields = {
  eval_strategy: about("When to evaluate", choice("no", strategies)),
  eval_steps: about("Updates between evaluations, or a part of the run", optional(number(0, { minimum: 0 }))),
  eval_delay: about("Epochs or updates before the first", number(0, { minimum: 0 })),
  eval_on_start: about("Evaluate before training too", boolean(false)),
  per_device_eval_batch_size: about("Rows in a batch", integer(8, { minimum: 1 })),
  eval_accumulation_steps: about("Batches before results leave the device", optional(integer(1, { minimum: 1 }))),
  prediction_loss_only: about("Give only the loss", boolean(false)),
  eval_do_concat_batches: about("Join the batches' results", boolean(true)),
  batch_eval_metrics: about("Compute metrics batch by batch", boolean(false)),
  include_for_metrics: about("What else metrics are given", list(["inputs", "loss"])),
  eval_use_gather_object: about(
    "Gather any object from processes",
    idle("A run is one process: there is nothing to gather.", boolean(false))
  ),
  jit_mode_eval: about("Compile the evaluation", boolean(false)),
  label_names: about("Inputs that are labels", optional(texts([]))),
  past_index: about("Output that is fed back as memories", lacking(memories, integer(-1))),
  load_best_model_at_end: about("End with the best weights", boolean(false)),
  metric_for_best_model: about("What is best", optional(text(""))),
  greater_is_better: about("Whether more of it is better", optional(boolean(false)))
}
