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
  per_device_train_batch_size: about("Rows in a micro-batch", integer(8, { minimum: 1 })),
  gradient_accumulation_steps: about("Micro-batches in an update", integer(1, { minimum: 1 })),
  num_train_epochs: about("Epochs; a part of one is possible", number(3, { minimum: 0 })),
  max_steps: about("Updates, instead of epochs, where positive", integer(-1)),
  learning_rate: about("Highest learning rate", number(5e-5, { minimum: 0 })),
  lr_scheduler_type: about("Course of the learning rate", choice("linear", schedulers)),
  lr_scheduler_kwargs: about("Its settings", optional(jsonDictionary)),
  warmup_ratio: about("Part of the run in which the rate rises", number(0, { minimum: 0, maximum: 1 })),
  warmup_steps: about("Updates in which the rate rises; wins over the ratio", integer(0, { minimum: 0 })),
  optim: about("Optimizer", Optim.field),
  optim_args: about("Its settings, as name=value", optional(text(""))),
  optim_target_modules: about("Modules that GaLore projects", optional(modules)),
  weight_decay: about("Decay of the weights, biases and norms apart", number(0, { minimum: 0 })),
  adam_beta1: about("Memory of Adam's mean", number(0.9, { minimum: 0, below: 1 })),
  adam_beta2: about("Memory of Adam's square mean", number(0.999, { minimum: 0, below: 1 })),
  adam_epsilon: about("Keeps Adam from dividing by zero", number(1e-8, { minimum: 0 })),
  max_grad_norm: about("Norm that gradients are clipped to", number(1, { minimum: 0 })),
  label_smoothing_factor: about("Share of a label given to all labels", number(0, { minimum: 0 })),
  neftune_noise_alpha: about("Noise on embeddings", optional(number(0, { minimum: 0 }))),
  auto_find_batch_size: about("Halve the micro-batch when memory runs out", boolean(false)),
  average_tokens_across_devices: about(
    "Count tokens over all devices",
    idle("A run is one process: its tokens are all there are.", boolean(true))
  ),
  torch_empty_cache_steps: about(
    "Updates between emptyings of the cache",
    idle("No device keeps a cache of freed memory.", optional(integer(1, { minimum: 1 })))
  )
}
