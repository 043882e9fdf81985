/** `trainer_state.json` as the Hugging Face Trainer writes it, for the tools that read it. Nothing is read back from it. */
import type { Scalars } from "../Layer/Logger/Logger.ts"
import type { Checkpoint } from "./CheckpointStore.ts"
import * as Json from "./Json.ts"

/** Writes the text, with the keys of Python's `TrainerState` and no others, so that the real Trainer accepts it. `folder`: where the checkpoints are. */
export const trainerState = ({ state, history, trainerState: known = {} }: Checkpoint, folder: string): string => {
  const best = state.bestCheckpoint
  const keys: Readonly<Record<string, unknown>> = {
    ...unknown,
    best_global_step: best,
    best_model_checkpoint: best === null ? null : `${folder}/checkpoint-${best}`,
    epoch: state.epoch,
    global_step: state.step,
    log_history: history.map(logged),
    ...known
  }
  const sorted = Object.entries(keys).sort(([left], [right]) => (left < right ? -1 : 1))
  return `${Json.stringify(Object.fromEntries(sorted.map(([key, value]) => [key, value === Infinity ? maxInt : value])), 2)}\n`
}

const logged = ({ values, clock, epoch, step }: Scalars) => ({ ...values, ...clock, epoch, step })

/** Python's largest size, which stands for "no end" in that file. */
const maxInt = 2n ** 63n - 1n

/** What a Trainer that was told nothing writes. */
const unknown = {
  best_metric: null,
  eval_steps: 500,
  is_hyper_param_search: false,
  is_local_process_zero: true,
  is_world_process_zero: true,
  logging_steps: 500,
  max_steps: 0,
  num_input_tokens_seen: 0,
  num_train_epochs: 0,
  save_steps: 500,
  stateful_callbacks: {},
  total_flos: 0,
  train_batch_size: null,
  trial_name: null,
  trial_params: null
}
