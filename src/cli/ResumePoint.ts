/** Where a program's run starts in its output folder: what `resume_from_checkpoint` says, or the newest checkpoint. */
import { Effect, FileSystem, Path } from "effect"
import { type Arguments, ContradictoryArguments } from "../Arguments/Arguments.ts"
import * as CheckpointPath from "../Checkpoint/CheckpointPath.ts"
import * as ModelFiles from "../Checkpoint/ModelFiles.ts"
import type { From } from "../Driver/ResumeFrom.ts"
import type { TaskConfig } from "../Driver/TrainingTask.ts"
import { completed } from "../Driver/TrainingWeights.ts"
import * as Numbers from "../Format/Numbers.ts"

export interface ResumeFrom {
  readonly from: From
  /** 0 at the beginning. */
  readonly step: number
  /** The checkpoint's folder, where it is in another output folder. */
  readonly elsewhere?: string
}

const contradiction = new ContradictoryArguments({
  names: ["overwrite_output_dir", "resume_from_checkpoint"],
  reason:
    "resume_from_checkpoint names a checkpoint of the output folder, and overwrite_output_dir clears that folder: leave one of them out."
})

/** Finds where to start. **Errors**: `NoCheckpoint` when a checkpoint was asked for that is not there. */
export const find = Effect.fnUntraced(function* (args: Arguments, folder: string) {
  const path = yield* Path.Path
  const scratch: ResumeFrom = { from: "scratch", step: 0 }
  const asked = args.resumeFromCheckpoint
  if (asked === false || (asked === null && args.overwriteOutputDir)) return scratch
  if (asked === true && args.overwriteOutputDir) return yield* contradiction
  if (asked === null || asked === true) {
    const step = yield* CheckpointPath.newest(folder)
    if (step === undefined && asked === true) return yield* new CheckpointPath.NoCheckpoint({ path: folder })
    return { from: "newest", step: step ?? 0 } satisfies ResumeFrom
  }
  const inside = path.resolve(asked) === path.resolve(folder) || path.resolve(path.dirname(asked)) === path.resolve(folder)
  if (inside && args.overwriteOutputDir) return yield* contradiction
  const { home, step } = yield* CheckpointPath.locate(asked)
  if (path.resolve(home) === path.resolve(folder)) return { from: step, step } satisfies ResumeFrom
  return {
    from: yield* CheckpointPath.load({ home, step }),
    step,
    elsewhere: path.join(home, `checkpoint-${step}`)
  } satisfies ResumeFrom
})

/** The weights of where a run would start; those of a finished run, where its checkpoints are gone. **Errors**: `NoCheckpoint`. */
export const weights = Effect.fnUntraced(function* ({ from }: ResumeFrom, folder: string, task: TaskConfig) {
  if (typeof from === "object") return { weights: yield* completed(task, from.weights), epoch: from.state.epoch }
  const step = typeof from === "number" ? from : yield* CheckpointPath.newest(folder)
  if (step !== undefined) {
    const { state, weights } = yield* CheckpointPath.load({ home: folder, step })
    return { weights: yield* completed(task, weights), epoch: state.epoch }
  }
  const parameters = yield* Effect.mapError(
    ModelFiles.loadFor(folder, task.model),
    () => new CheckpointPath.NoCheckpoint({ path: folder })
  )
  return { weights: yield* completed(task, { parameters, buffers: {}, slots: {} }), epoch: 0 }
})

/** The folder with the config that belongs to those weights; none where no run has written it. */
export const model = Effect.fnUntraced(function* ({ elsewhere, from }: ResumeFrom, folder: string) {
  const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
  const step = typeof from === "number" ? from : yield* CheckpointPath.newest(folder)
  const place = elsewhere ?? (step === undefined ? folder : path.join(folder, `checkpoint-${step}`))
  const whole = yield* Effect.forEach(["config.json", "model.safetensors"], (file) => fs.exists(path.join(place, file)))
  return whole.every(Boolean) ? place : undefined
})

/** Says it in a line. */
export const describe = (folder: string, { step, elsewhere }: ResumeFrom): string =>
  step === 0
    ? `Starting the run of ${folder} again from the beginning: it has no checkpoint.`
    : `Resuming ${folder} from ${elsewhere ?? `checkpoint-${step}`} (step ${Numbers.thousands(step)}).`
