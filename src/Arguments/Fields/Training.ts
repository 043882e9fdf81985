/** Arguments of training: batches, length, optimizer and learning rate. */

import type { Field } from "../Field.ts"
import { about, boolean, choice, idle, integer, jsonDictionary, number, optional, text, texts } from "../Field.ts"
import * as Optim from "./Optim.ts"

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

const modules: Field<ReadonlyArray<string>, ReadonlyArray<string> | string> = {
  ...texts([]),
  read: (given) => (typeof given === "string" ? [given] : given)
}

export const fields = {
  per_device_train_batch_size: about("Examples in a micro-batch", integer(8, { minimum: 1 })),
  gradient_accumulation_steps: about("Micro-batches per update", integer(1, { minimum: 1 })),
  num_train_epochs: about("Passes over the training data; may be fractional", number(3, { minimum: 0 })),
  max_steps: about("Number of updates; if positive, it overrides num_train_epochs", integer(-1)),
  learning_rate: about("Peak learning rate, which the schedule starts from or warms up to", number(5e-5, { minimum: 0 })),
  lr_scheduler_type: about("Learning rate schedule", choice("linear", schedulers)),
  lr_scheduler_kwargs: about("Options of lr_scheduler_type", optional(jsonDictionary)),
  warmup_ratio: about("Fraction of the run over which the learning rate warms up from 0", number(0, { minimum: 0, maximum: 1 })),
  warmup_steps: about(
    "Updates over which the learning rate warms up from 0; if positive, it overrides warmup_ratio",
    integer(0, { minimum: 0 })
  ),
  optim: about("Optimizer", Optim.field),
  optim_args: about("Options of the optimizer, as name=value pairs separated by commas", optional(text(""))),
  optim_target_modules: about("Modules whose gradients GaLore projects", optional(modules)),
  weight_decay: about("Weight decay coefficient; not applied to biases and normalization weights", number(0, { minimum: 0 })),
  adam_beta1: about("Decay rate of Adam's first moment", number(0.9, { minimum: 0, below: 1 })),
  adam_beta2: about("Decay rate of Adam's second moment", number(0.999, { minimum: 0, below: 1 })),
  adam_epsilon: about("Term added to Adam's denominator for numerical stability", number(1e-8, { minimum: 0 })),
  max_grad_norm: about(
    "Maximum norm of all gradients, above which they are scaled down; 0 disables clipping",
    number(1, { minimum: 0 })
  ),
  label_smoothing_factor: about(
    "Probability that label smoothing spreads over all labels; 0 disables it",
    number(0, { minimum: 0 })
  ),
  neftune_noise_alpha: about("Scale of NEFTune noise on the embeddings; null disables it", optional(number(0, { minimum: 0 }))),
  auto_find_batch_size: about("Halve the micro-batch when the device runs out of memory", boolean(false)),
  average_tokens_across_devices: about(
    "Average the loss over the tokens of all devices",
    idle("A run is one process with one device.", boolean(true))
  ),
  torch_empty_cache_steps: about(
    "Updates between releases of the device's memory cache",
    idle("No device keeps a cache of freed memory.", optional(integer(1, { minimum: 1 })))
  )
}
