/** A simulated run as Hugging Face's callbacks would tell it: names, flags, log keys, checkpoints on disk. */
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import * as Plan from "../Schedule/Plan.ts"
import type { TrainerState } from "../TrainerState.ts"

/** One callback. Fields that a callback does not have are left out. */
export interface Line {
  readonly event: string
  readonly step: number
  readonly epoch: number | null
  readonly flags?: ReadonlyArray<string>
  readonly log_keys?: ReadonlyArray<string>
  readonly metric_keys?: ReadonlyArray<string>
  readonly eval_score?: number | null
  readonly checkpoints_on_disk?: ReadonlyArray<string> | null
  readonly best_metric?: number | null
  readonly best_global_step?: number | null
  readonly best_model_checkpoint?: string | null
}

/** What a line must know beside its event. */
export interface Context {
  readonly requests: Plan.Observed
  /** Batches of an evaluation set. */
  readonly batches: (set: string) => number
  /** Whether evaluations give a score beside the loss. */
  readonly scored: boolean
  /** Whether gradients are clipped: only then is their norm logged. */
  readonly clips: boolean
  readonly outputDir: string
  /** The checkpoints on disk, and the best; null if unknown. */
  readonly ends: (state: TrainerState) => {
    readonly checkpoints: ReadonlyArray<number> | null
    readonly metric: number | null
    readonly step: number | null
    readonly checkpoint: number | null
  }
}

/** Writes events as lines: one for each but questions, and one for every batch of an evaluation. */
export const fromEvents = (events: ReadonlyArray<Plan.Event>, context: Context): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  let evaluated = false // the flag of an evaluation falls with its first set
  for (const event of events) {
    if (event._tag === "Evaluate") {
      const line = plain("on_prediction_step", event.state)
      for (let batch = context.batches(event.set); batch > 0; batch--) lines.push(line)
      continue
    }
    if (event._tag === "Evaluated") evaluated = true
    else if (event._tag !== "EvaluationLogged") evaluated = false
    if (event._tag !== "Microbatch" && event._tag !== "Stalled") lines.push(fromEvent(event, context, evaluated))
  }
  return lines
}

type Shown = Exclude<Plan.Event, { readonly _tag: "Evaluate" | "Microbatch" | "Stalled" }>

const fromEvent = (event: Shown, context: Context, evaluated: boolean): Line => {
  const { state } = event
  const flagged = (name: string, shown: TrainerState = state) => ({ ...plain(name, shown), ...flags(shown, evaluated) })
  switch (event._tag) {
    case "Initialized":
      return { event: "on_init_end", step: 0, epoch: null }
    case "Started":
      return plain("on_train_begin", state)
    case "EpochStarted":
      return plain("on_epoch_begin", state)
    case "StepStarted":
      return plain("on_step_begin", state)
    case "SubstepEnded":
      return plain("on_substep_end", state)
    case "Updating":
      return plain("on_pre_optimizer_step", state)
    case "Updated":
      return plain("on_optimizer_step", state)
    case "StepEnded":
      return flagged("on_step_end", Plan.applyReplies(state, { requests: context.requests.StepEnded?.(event) ?? [] })) // seen after the user's callback
    case "EpochEnded":
      return flagged("on_epoch_end")
    case "Logged":
      return { ...flagged("on_log"), log_keys: ["loss", ...(context.clips ? ["grad_norm"] : []), "learning_rate", "epoch"] }
    case "EvaluationLogged":
      return { ...flagged("on_log"), log_keys: metricKeys(event.set, context.scored) }
    case "Evaluated":
      return {
        ...flagged("on_evaluate"),
        metric_keys: metricKeys(event.set, context.scored),
        eval_score: event.metrics[`${event.set}_score`] ?? null
      }
    case "Saved":
      return { ...flagged("on_save"), ...ends(state, context) }
    case "Summary":
      return { ...flagged("on_log"), log_keys: summaryKeys }
    case "Finished":
      return { ...flagged("on_train_end"), ...ends(state, context) }
  }
}

const plain = (event: string, { epoch, step }: TrainerState): Line => ({ event, step, epoch })

const flags = ({ asked, stop }: TrainerState, evaluated: boolean): { readonly flags?: ReadonlyArray<string> } => {
  const set = [
    ...(asked.log ? ["log"] : []),
    ...(asked.evaluate && !evaluated ? ["evaluate"] : []),
    ...(asked.save ? ["save"] : []),
    ...(stop.epoch ? ["epoch_stop"] : []),
    ...(stop.run ? ["training_stop"] : [])
  ]
  return set.length === 0 ? {} : { flags: set }
}

const ends = (state: TrainerState, { ends, outputDir }: Context) => {
  const { checkpoint, checkpoints, metric, step } = ends(state)
  return {
    checkpoints_on_disk: checkpoints?.map(CheckpointName.make) ?? null,
    best_metric: metric,
    best_global_step: step,
    best_model_checkpoint: checkpoint === null ? null : `${outputDir}/${CheckpointName.make(checkpoint)}`
  }
}

const metricKeys = (set: string, scored: boolean): ReadonlyArray<string> => [
  `${set}_loss`,
  ...(scored ? [`${set}_score`] : []),
  `${set}_runtime`,
  `${set}_samples_per_second`,
  `${set}_steps_per_second`,
  "epoch"
]

const summaryKeys = ["train_runtime", "train_samples_per_second", "train_steps_per_second", "total_flos", "train_loss", "epoch"]
