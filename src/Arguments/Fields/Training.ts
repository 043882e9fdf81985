/** Arguments of the run, of training and of data loading. */
import { Schema } from "effect"
import {
  about,
  boolean,
  choice,
  type Field,
  idle,
  integer,
  jsonDictionary,
  number,
  optional,
  requires,
  switchable,
  text,
  texts
} from "../Field.ts"
import { field as optim } from "./Optim.ts"

/** Output folder, actions, resume, seed and device. */
export const run = {
  output_dir: about("Folder for checkpoints, logs and results", text("trainer_output")),
  overwrite_output_dir: about("Start a new run in a folder that already has one", boolean(false)),
  do_train: about("Train; the default if no action is set", boolean(false)),
  do_eval: about("Evaluate, after training if both are set", boolean(false)),
  do_predict: about("Predict the test data", boolean(false)),
  resume_from_checkpoint: about(
    "Checkpoint folder to resume from; true for the latest, null for the latest if there is one, false for none",
    optional(switchable(false))
  ),
  run_name: about("Name of the run in experiment trackers", optional(text(""))),
  seed: about("Seed of weight initialization, dropout and data order", integer(42, { minimum: 0 })),
  full_determinism: about(
    "Reproduce the same bits for the same seed",
    idle("A run always gives the same bits for the same seed and device.", boolean(false))
  ),
  use_cpu: about(
    "Train on the CPU",
    idle("A run is on the CPU unless a GPU device is named; with one it is refused.", boolean(false))
  ),
  disable_tqdm: about("Disable the progress bar; null shows it", optional(boolean(false)))
}

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

/** Batches, length, optimizer and learning rate. */
export const training = {
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
  optim: about("Optimizer", optim),
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

type Settings = Readonly<Record<string, unknown>>

/** With one process, `split_batches`, `dispatch_batches` and `even_batches` change nothing. */
const settings = {
  split_batches: false,
  dispatch_batches: null,
  even_batches: true,
  use_seedable_sampler: true,
  non_blocking: false,
  gradient_accumulation_kwargs: null
}

const Accelerator = Schema.Struct({
  split_batches: Schema.Boolean,
  dispatch_batches: Schema.NullOr(Schema.Boolean),
  even_batches: Schema.Boolean,
  use_seedable_sampler: Schema.Boolean,
  non_blocking: Schema.Boolean,
  gradient_accumulation_kwargs: Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown))
})

/** Merges the input into the defaults; unknown names are rejected. */
const accelerator: Field<Settings, Settings | string | null> = requires(
  {
    missing: "Accelerate's own sampler and accumulation",
    instead: "Leave use_seedable_sampler true and gradient_accumulation_kwargs out."
  },
  {
    ...jsonDictionary,
    schema: jsonDictionary.schema.check(
      Schema.makeFilter(
        (given: Settings) => Object.keys(given).every((name) => name in settings) && Schema.is(Accelerator)(given)
      )
    ),
    default: settings,
    expected: `an object with ${Object.keys(settings).join(", ")}, or its JSON; a path is not read here, so give what the file holds`,
    read: (given: Settings | string | null) => {
      const read = given === null ? {} : jsonDictionary.read!(given)
      return typeof read === "object" && read !== null && !Array.isArray(read) ? { ...settings, ...read } : read
    }
  },
  (given) => given.use_seedable_sampler !== true || given.gradient_accumulation_kwargs !== null
)

/** Data order, batches and workers. */
export const data = {
  data_seed: about("Seed of the data order; null for the value of seed", optional(integer(0, { minimum: 0 }))),
  dataloader_drop_last: about("Drop the last batch if it is not full", boolean(false)),
  dataloader_num_workers: about(
    "Worker threads that prepare batches; 0 prepares them in the main thread",
    integer(0, { minimum: 0 })
  ),
  dataloader_prefetch_factor: about("Batches that each worker prepares ahead", optional(integer(1, { minimum: 1 }))),
  dataloader_persistent_workers: about(
    "Keep the workers alive between epochs",
    idle("Workers always live as long as the run.", boolean(false))
  ),
  dataloader_pin_memory: about("Keep batches in pinned memory", idle("No device here copies from pinned memory.", boolean(true))),
  remove_unused_columns: about("Drop data columns that the model does not take as input", boolean(true)),
  group_by_length: about("Put examples of similar length into the same batch, to reduce padding", boolean(false)),
  length_column_name: about("Column with each example's length, for group_by_length", text("length")),
  ignore_data_skip: about("On resume, start the epoch's data from the beginning", boolean(false)),
  accelerator_config: about("How batches are distributed to processes, as in Accelerate", accelerator)
}
