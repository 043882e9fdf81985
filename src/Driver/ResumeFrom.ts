/** Where a run starts: which checkpoint, and the state that it goes on from. */
import { Effect, Schema } from "effect"
import { type Checkpoint, CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import type { TrainerState } from "../TrainerState.ts"

/** The newest checkpoint if there is one, nowhere, the checkpoint of a step (which must be there), or a checkpoint from elsewhere. */
export type From = "newest" | "scratch" | number | Checkpoint

/** The checkpoint holds the model alone: there is nothing to go on with. */
export class NotResumable extends Schema.TaggedError<NotResumable>()("NotResumable", { step: Schema.Number }) {
  override get message() {
    return `Checkpoint ${this.step} holds the model alone (save_only_model), and no run can go on from it. Load its weights as those of a model, or start anew: with --overwrite_output_dir, or in another output folder.`
  }
}

/** Finds the checkpoint to go on from, as `find` does. **Errors**: `NotResumable` when it holds the model alone. */
export const resume = Effect.fnUntraced(function* (from: From) {
  const found = yield* find(from)
  if (found?.modelOnly === true) return yield* new NotResumable({ step: found.state.step })
  return found
})

/** Finds the checkpoint to start from. A newest one that cannot be read is passed over, with a warning, for the one before it. */
export const find = Effect.fnUntraced(function* (from: From) {
  const store = yield* CheckpointStore
  if (from === "scratch") return undefined
  if (typeof from === "object") return from
  if (from !== "newest") return yield* relist(yield* store.load(from))
  const steps = [...(yield* store.list)].reverse()
  for (const [index, step] of steps.entries()) {
    const older = index + 1 < steps.length
    const found = yield* older
      ? store
          .load(step)
          .pipe(
            Effect.catch((error) =>
              Effect.as(Effect.logWarning(`${error.message} Going on from the checkpoint before it.`), undefined)
            )
          )
      : store.load(step)
    if (found !== undefined) return yield* relist(found)
  }
  return undefined
})

/**
 * Which checkpoints are on disk is the store's to say. One that no state lists was written when a run was cut: it is no
 * milestone, and goes when the next one is saved. Later ones, past the step that was asked for, stay.
 */
const relist = Effect.fnUntraced(function* (found: Checkpoint) {
  const store = yield* CheckpointStore
  const listed = yield* store.list
  const { bestCheckpoint, checkpoints, step } = found.state
  return {
    ...found,
    state: {
      ...found.state,
      checkpoints: listed.filter((other) => other > step || checkpoints.includes(other)),
      bestCheckpoint: bestCheckpoint !== null && listed.includes(bestCheckpoint) ? bestCheckpoint : null
    }
  }
})

/** Whether a checkpoint of one state serves for the other as well. */
export const same = (left: TrainerState, right: TrainerState | undefined): boolean =>
  right !== undefined &&
  left.step === right.step &&
  left.epochsEnded === right.epochsEnded &&
  left.open === right.open &&
  left.pending === right.pending &&
  left.callbacks === right.callbacks &&
  left.loggedAt === right.loggedAt &&
  left.evaluations === right.evaluations &&
  left.asked.evaluate === right.asked.evaluate &&
  left.asked.save === right.asked.save &&
  left.asked.log === right.asked.log &&
  left.stop.epoch === right.stop.epoch &&
  left.position.epoch === right.position.epoch &&
  left.position.batch === right.position.batch
