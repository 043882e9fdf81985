/** Arguments of logging: intervals, content, log level and experiment trackers. */
import {
  about,
  boolean,
  choice,
  type Field,
  idle,
  list,
  type MissingFeature,
  number,
  optional,
  requires,
  strategies,
  text
} from "../Field.ts"
import { tpu } from "./NotSupported.ts"

const tracker: MissingFeature = {
  missing: "an integration with that tracker",
  instead: 'Leave it out, or use "tensorboard" or "none".'
}

/** Log levels, from the most verbose to the least; `passive` leaves the program's level unchanged. */
export const levels = ["detail", "debug", "info", "warning", "error", "critical", "passive"] as const

export const integrations = [
  "azure_ml",
  "clearml",
  "codecarbon",
  "comet_ml",
  "dagshub",
  "dvclive",
  "flyte",
  "mlflow",
  "neptune",
  "swanlab",
  "tensorboard",
  "trackio",
  "wandb",
  "all",
  "none"
] as const

export type Integration = (typeof integrations)[number]

/** The values of `report_to` that a run supports. */
export const supportedTrackers: ReadonlyArray<Integration> = ["none", "tensorboard"]

const reports: Field<ReadonlyArray<Integration>, ReadonlyArray<Integration> | Integration | string | null> = {
  ...list(integrations),
  read: (given) => (given === null || String(given) === "none" ? [] : list(integrations).read!(given)),
  missingFeature: (names) => {
    const foreign = names.filter((name) => !supportedTrackers.includes(name))
    return foreign.length === 0 ? undefined : { ...tracker, missing: `an integration with ${foreign.join(", ")}` }
  }
}

const tokens = ["no", "all", "non_padding"] as const

const counted: Field<(typeof tokens)[number], (typeof tokens)[number] | boolean> = {
  ...choice("no", tokens),
  kind: "switch",
  expected: `${choice("no", tokens).expected}, or true or false`,
  read: (given) => (given === true ? "all" : given === false ? "no" : given)
}

const watches = list(["underflow_overflow", "tpu_metrics_debug"])

/** Intervals, content, log level and experiment trackers. */
export const logging = {
  logging_strategy: about("When to log", choice("steps", strategies)),
  logging_steps: about("Updates between logs, or below 1 a fraction of the run", number(500, { minimum: 0 })),
  logging_first_step: about("Also log the first update", boolean(false)),
  logging_nan_inf_filter: about("Exclude NaN and infinite losses from the logged mean", boolean(true)),
  logging_dir: about("Folder for TensorBoard events; null for runs/ in the output folder", optional(text(""))),
  report_to: about("Experiment trackers to report to", reports),
  project: about("Project name in Trackio", requires(tracker, text("huggingface"))),
  trackio_space_id: about("Space ID of Trackio", requires(tracker, { ...optional(text("")), default: "trackio" })),
  log_level: about("Log level of the program; passive leaves it unchanged", choice("passive", levels)),
  log_level_replica: about(
    "Log level of the processes other than the main one",
    idle("A run has one process only.", choice("warning", levels))
  ),
  log_on_each_node: about("Log on each node, not only on the main one", idle("A run is on one node.", boolean(true))),
  include_tokens_per_second: about("Log the throughput in tokens per second", boolean(false)),
  include_num_input_tokens_seen: about("Log the number of input tokens seen: all, or without padding", counted),
  skip_memory_metrics: about("Exclude memory use from the metrics", boolean(true)),
  debug: about("Debug modes; underflow_overflow stops at the first non-finite value", {
    ...watches,
    missingFeature: (names) => (names.includes("tpu_metrics_debug") ? tpu : undefined)
  } satisfies typeof watches)
}
