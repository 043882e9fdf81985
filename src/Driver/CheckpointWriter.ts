/** The saver writes a run's checkpoints, one at a time, and removes those that the state no longer keeps. */
import { type Cause, Effect, Scope, Semaphore } from "effect"
import { type Checkpoint, type CheckpointError, CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import { Logger } from "../Layer/Logger/Logger.ts"
import type { TrainerState } from "../TrainerState.ts"
import * as ResumeFrom from "./ResumeFrom.ts"

export interface CheckpointWriter {
  /** Writes a checkpoint of a milestone, `kept`: now, or while the run goes on. A failure is kept for `failure`. */
  readonly save: (checkpoint: Checkpoint, kept: TrainerState) => Effect.Effect<void>
  /** Writes what is no milestone: the state in which a run was cut. */
  readonly rescue: (checkpoint: Checkpoint) => Effect.Effect<void, CheckpointError>
  /** Removes the checkpoints that a state does not list. */
  readonly prune: (state: TrainerState) => Effect.Effect<void, CheckpointError>
  /** Waits until nothing is being written, and holds writes back meanwhile. */
  readonly alone: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Whether a checkpoint on disk serves for this state. */
  readonly has: (state: TrainerState) => boolean
  readonly failure: () => Cause.Cause<CheckpointError> | undefined
}

/** Makes a saver for the scope; `durable` is the state that the run started from. */
export const make = Effect.fnUntraced(function* (options: {
  readonly background: boolean
  /** Milestones keep the model alone: a run that is cut cannot go on from them. */
  readonly modelOnly: boolean
  readonly durable: TrainerState | undefined
}) {
  const store = yield* CheckpointStore
  const logger = yield* Logger
  const scope = yield* Scope.fork(yield* Scope.Scope) // closed last: how long a write is waited for is said by who leaves early
  const onDisk = new Set(yield* store.list)
  const writing = yield* Semaphore.make(1)
  let durable = options.durable
  let failed: Cause.Cause<CheckpointError> | undefined

  // First the log, so that a run which is killed and resumed has no gap in it.
  const write = (checkpoint: Checkpoint) => Effect.andThen(logger.flush, store.save(checkpoint))
  const prune = (state: TrainerState) =>
    Effect.forEach(
      [...onDisk].filter((step) => !state.checkpoints.includes(step)),
      (step) =>
        Effect.andThen(
          store.remove(step),
          Effect.sync(() => onDisk.delete(step))
        ),
      { discard: true }
    )

  return {
    save: (full, kept) => {
      const checkpoint = options.modelOnly ? withoutSlots(full) : full
      const done = Effect.suspend(() => {
        durable = options.modelOnly ? undefined : kept
        onDisk.add(kept.step)
        return prune(kept)
      })
      const fail = (cause: Cause.Cause<CheckpointError>) => {
        failed = cause
      }
      const written = writing
        .withPermit(Effect.andThen(write(checkpoint), done))
        .pipe(Effect.matchCause({ onFailure: fail, onSuccess: () => {} }))
      return options.background ? Effect.asVoid(Effect.forkIn(written, scope, { startImmediately: true })) : written
    },
    rescue: write,
    prune,
    alone: writing.withPermit,
    has: (state) => ResumeFrom.same(state, durable),
    failure: () => failed
  } satisfies CheckpointWriter
})

/** The model without what a run needs to go on. */
const withoutSlots = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  modelOnly: true,
  weights: { ...checkpoint.weights, slots: {} }
})
