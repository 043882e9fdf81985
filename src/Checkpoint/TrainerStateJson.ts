/** `trainer_state.json` as the Hugging Face Trainer writes it, for the tools that read it. Nothing is read back from it. */

import * as PythonJson from "../Format/PythonJson.ts"
import * as PythonNumbers from "../Format/PythonNumbers.ts"
import type { Scalars } from "../Layer/Logger/Logger.ts"
import * as CheckpointName from "./CheckpointName.ts"
import type { Checkpoint } from "./CheckpointStore.ts"

/**
 * Writes the text, with the keys of Python's `TrainerState` and no others, so that the real Trainer accepts it. `folder`: where the checkpoints are.
 *
 * **Source**: `TrainerState.save_to_json`: two spaces, all keys in order, logged losses to four decimals, times and speeds as `speed_metrics` rounds them.
 */
export const trainerState = (
  { state, history, encodedHistory, trainerState: known = {} }: Omit<Checkpoint, "weights" | "meta">,
  folder: string
): string => {
  const best = state.bestCheckpoint
  const keys: Readonly<Record<string, unknown>> = {
    ...unknown,
    best_global_step: best,
    best_model_checkpoint: best === null ? null : `${folder}/${CheckpointName.make(best)}`,
    epoch: state.epoch,
    global_step: state.step,
    num_input_tokens_seen: state.inputTokens,
    total_flos: state.flos,
    ...known
  }
  const entries = encodedHistory?.map((entry) => entry.trainerState) ?? history.map(encodeEntry)
  const members = Object.keys({ ...keys, log_history: history })
    .sort()
    .map((key) => `  ${JSON.stringify(key)}: ${key === "log_history" ? log(entries) : member(keys[key])}`)
  return `{\n${members.join(",\n")}\n}\n`
}

const member = (value: unknown): string =>
  PythonJson.stringify(value === Infinity ? maxInt : sorted(value), 2).replaceAll("\n", "\n  ")

const log = (entries: ReadonlyArray<string>): string => (entries.length === 0 ? "[]" : `[\n${entries.join(",\n")}\n  ]`)

/** Encodes an entry of the history. */
export const encodeEntry = (entry: Scalars): string => {
  const figures = flat(entry)
  const lines = Object.keys(figures)
    .sort()
    .map((name) => `      ${JSON.stringify(name)}: ${PythonJson.stringify(figures[name])}`)
  return `    {\n${lines.join(",\n")}\n    }`
}

/** An entry of Python's `log_history`: figures under their names, and where the run stood. */
export interface Flat {
  readonly [name: string]: number
  readonly epoch: number
  readonly step: number
}

/** Gives an entry as Python has it, with its figures rounded as there. */
export const flat = ({ kind, values, clock, epoch, step }: Scalars): Flat => ({
  ...(kind === "train" ? rounded(values, (name) => (name === "loss" ? 4 : undefined)) : values),
  ...rounded(clock, (name) => (name.endsWith("_per_second") ? 3 : 4)),
  epoch,
  step
})

const rounded = (values: Scalars["values"], decimals: (name: string) => number | undefined): Scalars["values"] =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const places = decimals(name)
      return [name, places === undefined ? value : PythonNumbers.round(value, places)]
    })
  )

/** Puts the keys in order, at every depth. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** Python's largest size, which means "no end" in that file. */
const maxInt = 2n ** 63n - 1n

/** What a Trainer with default arguments writes. */
const unknown = {
  best_metric: null,
  eval_steps: 500,
  is_hyper_param_search: false,
  is_local_process_zero: true,
  is_world_process_zero: true,
  logging_steps: 500,
  max_steps: 0,
  num_train_epochs: 0,
  save_steps: 500,
  stateful_callbacks: {},
  train_batch_size: null,
  trial_name: null,
  trial_params: null
}
