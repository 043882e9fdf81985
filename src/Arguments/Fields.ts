/** The table of arguments, with the page's names and defaults, in the page's order. It grows by rows; all else follows. */
import { boolean, choice, dictionary, integer, number, optional, switchable, text, texts } from "./Field.ts"

export const schedulers = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "constant",
  "constant_with_warmup",
  "inverse_sqrt",
  "reduce_lr_on_plateau",
  "cosine_with_min_lr",
  "cosine_warmup_with_min_lr",
  "warmup_stable_decay"
] as const

export const optims = [
  "adamw_torch_fused",
  "adamw_torch",
  "sgd",
  "adagrad",
  "rmsprop",
  "adafactor",
  "lion_32bit",
  "galore_adamw",
  "galore_adafactor"
] as const

const strategies = ["no", "steps", "epoch"] as const

export const fields = {
  output_dir: text("trainer_output"),
  overwrite_output_dir: boolean(false),
  eval_strategy: choice("no", strategies),
  per_device_train_batch_size: integer(8, { minimum: 1 }),
  per_device_eval_batch_size: integer(8, { minimum: 1 }),
  gradient_accumulation_steps: integer(1, { minimum: 1 }),
  eval_delay: number(0, { minimum: 0 }),
  learning_rate: number(5e-5, { minimum: 0 }),
  weight_decay: number(0, { minimum: 0 }),
  adam_beta1: number(0.9, { minimum: 0, below: 1 }),
  adam_beta2: number(0.999, { minimum: 0, below: 1 }),
  adam_epsilon: number(1e-8, { minimum: 0 }),
  max_grad_norm: number(1, { minimum: 0 }),
  num_train_epochs: number(3, { minimum: 0 }),
  max_steps: integer(-1),
  lr_scheduler_type: choice("linear", schedulers),
  lr_scheduler_kwargs: optional(dictionary({})),
  warmup_ratio: number(0, { minimum: 0, maximum: 1 }),
  warmup_steps: integer(0, { minimum: 0 }),
  logging_strategy: choice("steps", strategies),
  logging_first_step: boolean(false),
  logging_steps: number(500, { minimum: 0 }),
  save_strategy: choice("steps", [...strategies, "best"]),
  save_steps: number(500, { minimum: 0 }),
  save_total_limit: optional(integer(0)),
  seed: integer(42, { minimum: 0 }),
  data_seed: optional(integer(0, { minimum: 0 })),
  dataloader_drop_last: boolean(false),
  eval_steps: optional(number(0, { minimum: 0 })),
  disable_tqdm: optional(boolean(false)),
  label_names: optional(texts([])),
  load_best_model_at_end: boolean(false),
  metric_for_best_model: optional(text("")),
  greater_is_better: optional(boolean(false)),
  ignore_data_skip: boolean(false),
  optim: choice("adamw_torch_fused", optims),
  optim_args: optional(text("")),
  resume_from_checkpoint: optional(switchable(false)),
  optim_target_modules: optional(texts([])),
  eval_on_start: boolean(false)
}
