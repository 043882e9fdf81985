/** What `regimen train` will do, decided from the output folder, the arguments and the phases, before anything is written. */
import * as Numbers from "../Format/Numbers.ts"
import type { Status } from "./OutputFolder.ts"
import type { Phases } from "./Phases.ts"
import * as TrainText from "./TrainText.ts"

/** What the decision depends on. */
export interface Situation {
  readonly name: string
  readonly folder: string
  /** Whether the output folder has a run of any kind. */
  readonly hasRun: boolean
  /** The run that is continued: that of the output folder, unless it is to be overwritten. */
  readonly found: Pick<Status, "status" | "step" | "metrics"> | undefined
  readonly phases: Phases
  /** Whether a task's model is used, which can be evaluated without a run. */
  readonly task: boolean
  readonly overwrite: boolean
  /** `resume_from_checkpoint`. */
  readonly resumeFromCheckpoint: boolean | string | null
  /** Whether the micro-batch size is searched for, which tries the first update by itself. */
  readonly findsBatchSize: boolean
  /** Names of the arguments that differ from those of the run in the folder. */
  readonly differing: ReadonlyArray<string>
  /** The step that the run would resume from; 0 for the beginning. */
  readonly resumeStep: number
  /** Updates of the whole run. */
  readonly maxSteps: number
}

/** What is done. Each is complete: no further condition is checked while it is carried out. */
export type Decision =
  /** The run is finished: report its result. `message` explains why nothing is trained. */
  | { readonly _tag: "Report"; readonly message: string; readonly step: number; readonly metrics: Status["metrics"] }
  /** Evaluate or predict, without training. `weights`: those of the run's checkpoint, or the model's own. */
  | { readonly _tag: "EvaluateOnly"; readonly weights: "checkpoint" | "model" }
  /** Train, from the beginning or from a checkpoint. */
  | {
      readonly _tag: "Train"
      /** Try the first update before the old run is removed. */
      readonly dryRun: boolean
      /** Remove the old run. */
      readonly clear: boolean
      /** Print where the run starts: not for a new run in an empty folder. */
      readonly announce: boolean
    }

/** Whether the run is finished with the same arguments and no other phase is requested. It is known before the program's data are opened. */
export const isComplete = (situation: Omit<Situation, "resumeStep" | "maxSteps">): boolean =>
  isSettled(situation) && !evaluates(situation)

/**
 * Decides what to do.
 *
 * **Law**: it trains exactly when training is requested and steps are left; a run that is finished with the same arguments is never trained further (test/unit/cli/TrainDecision.test.ts).
 */
export const decide = (situation: Situation): Decision => {
  const { differing, findsBatchSize, folder, found, maxSteps, name, overwrite, phases, resumeStep } = situation
  if (isComplete(situation)) {
    const { metrics, step } = found!
    const result = `${Numbers.thousands(step)} steps${TrainText.list(metrics)}`
    return { _tag: "Report", message: `${folder} has a finished run of ${name}: ${result}. Nothing to do.`, step, metrics }
  }
  if (usesModelAlone(situation)) return { _tag: "EvaluateOnly", weights: "model" }
  if (!phases.train || isSettled(situation)) return { _tag: "EvaluateOnly", weights: "checkpoint" }
  if (found?.status === "finished" && resumeStep >= maxSteps) {
    const { metrics, step } = found
    const message = `${folder} has a finished run of ${name} with other arguments (${differing.join(", ")}), and no step is left. To train a new run, pass --overwrite_output_dir or another --output_dir; to continue this one, pass a larger --num_train_epochs or --max_steps.`
    return { _tag: "Report", message, step, metrics }
  }
  return {
    _tag: "Train",
    clear: overwrite,
    dryRun: overwrite && !findsBatchSize,
    announce: found !== undefined || resumeStep > 0
  }
}

/** Whether a task's model is evaluated in a folder without a run. */
export const usesModelAlone = ({ hasRun, phases, task }: Pick<Situation, "hasRun" | "phases" | "task">): boolean =>
  task && !phases.train && !hasRun

/** Whether the run in the folder is finished with these arguments, so that it needs no training. */
const isSettled = ({ differing, found, resumeFromCheckpoint }: Omit<Situation, "resumeStep" | "maxSteps">): boolean =>
  found?.status === "finished" && (resumeFromCheckpoint === null || resumeFromCheckpoint === true) && differing.length === 0

const evaluates = ({ phases }: Pick<Situation, "phases">): boolean => phases.evaluate || phases.predict
