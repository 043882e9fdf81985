/** Where the run of a program resumes in its output folder, and the weights and config that are there. */
import { Effect, FileSystem, Path } from "effect"
import { type Arguments, ContradictoryArguments } from "../Arguments/Arguments.ts"
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import * as ShardedSafetensors from "../Checkpoint/ShardedSafetensors.ts"
import * as ResumeFrom from "../Driver/ResumeFrom.ts"
import type { TaskConfig } from "../Driver/TrainingTask.ts"
import { completed } from "../Driver/TrainingWeights.ts"
import * as Numbers from "../Format/Numbers.ts"

const contradiction = new ContradictoryArguments({
  names: ["overwrite_output_dir", "resume_from_checkpoint"],
  reason:
    "resume_from_checkpoint names a checkpoint of the output folder, and overwrite_output_dir clears that folder: leave one of them out."
})

/** Finds where to resume. **Errors**: `NoCheckpoint` if a checkpoint was asked for that does not exist. */
export const find = Effect.fnUntraced(function* ({ overwriteOutputDir, resumeFromCheckpoint: asked }: Arguments, folder: string) {
  if (overwriteOutputDir && asked === null)
    return { from: "scratch", step: 0 } satisfies ResumeFrom.Location as ResumeFrom.Location
  if (overwriteOutputDir && asked !== false) {
    const path = yield* Path.Path
    const places = typeof asked === "string" ? [asked, path.dirname(asked)] : [folder]
    if (places.some((place) => path.resolve(place) === path.resolve(folder))) return yield* contradiction
  }
  return yield* ResumeFrom.fromArgument(asked, { outputFolder: folder, entries: ResumeFrom.entriesIn(folder) })
})

/** Loads the weights of a location; those of a finished run if its checkpoints were removed. **Errors**: `NoCheckpoint`. */
export const weights = Effect.fnUntraced(function* (location: ResumeFrom.Location, folder: string, task: TaskConfig) {
  const { from } = location
  if (typeof from === "object") return { weights: yield* completed(task, from.weights), epoch: from.state.epoch }
  const step = yield* stepIn(folder, location)
  if (step !== undefined) {
    const { state, weights } = yield* ResumeFrom.loadFrom(folder, step)
    return { weights: yield* completed(task, weights), epoch: state.epoch }
  }
  const parameters = yield* Effect.mapError(
    ShardedSafetensors.loadFor(folder, task.model),
    () => new ResumeFrom.NoCheckpoint({ path: folder })
  )
  return { weights: yield* completed(task, { parameters, buffers: {}, slots: {} }), epoch: 0 }
})

/** Finds the folder with the config that belongs to those weights; undefined if no run has written it. */
export const model = Effect.fnUntraced(function* (location: ResumeFrom.Location, folder: string) {
  const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
  const step = yield* stepIn(folder, location)
  const place = location.otherFolder ?? (step === undefined ? folder : path.join(folder, CheckpointName.make(step)))
  const found = yield* Effect.forEach(["config.json", "model.safetensors"], (file) => fs.exists(path.join(place, file)))
  return found.every(Boolean) ? place : undefined
})

/** The step whose weights are evaluated: a run from scratch that does not train has those of the newest checkpoint. */
const stepIn = (folder: string, { from, step }: ResumeFrom.Location) =>
  typeof from === "number"
    ? Effect.succeed(step)
    : Effect.map(ResumeFrom.entriesIn(folder), (entries) => ResumeFrom.candidates("newest", entries)[0])

/** Describes a location in a line. */
export const describe = (folder: string, { step, otherFolder }: ResumeFrom.Location): string =>
  step === 0
    ? `Starting the run of ${folder} again from the beginning: it has no checkpoint.`
    : `Resuming ${folder} from ${otherFolder ?? CheckpointName.make(step)} (step ${Numbers.thousands(step)}).`
