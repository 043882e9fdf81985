/** Writes a run's checkpoints, one at a time, and removes those that the state no longer lists. */
import { type Cause, Duration, Effect, Fiber, Scope, Semaphore } from "effect"
import { type Checkpoint, type CheckpointError, CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import type { Logger } from "../Layer/Logger/Logger.ts"
import type { TrainerState } from "../TrainerState.ts"
import type { Branch } from "./ResumeFrom.ts"
import * as Timeouts from "./Timeouts.ts"

export interface CheckpointWriter {
  /**
   * Writes a checkpoint that the state `listed` lists, and waits for it unless writes are in the background. The write goes on if the waiting is interrupted;
   * a failure is in `failure`.
   */
  readonly save: (checkpoint: Checkpoint, listed: TrainerState) => Effect.Effect<void>
  /** Writes a checkpoint that no state lists: that of an interrupted run. A logger that hangs uses up a part of `grace` only. */
  readonly rescue: (checkpoint: Checkpoint, grace: Duration.Input) => Effect.Effect<void, CheckpointError>
  /** Removes the checkpoints that a state does not list. */
  readonly prune: (state: TrainerState) => Effect.Effect<void, CheckpointError>
  /** Waits until nothing is being written, and runs an effect meanwhile. */
  readonly alone: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Waits until nothing is being written. **Errors**: that of the last write. */
  readonly idle: Effect.Effect<void, CheckpointError>
  /** Whether a run resumes from what is on disk as from this state. */
  readonly has: (state: TrainerState) => boolean
  readonly failure: () => Cause.Cause<CheckpointError> | undefined
}

interface Options extends Branch {
  readonly logger: Logger["Service"]
  readonly background: boolean
  /** Checkpoints hold the model alone: an interrupted run cannot resume from them. */
  readonly modelOnly: boolean
}

/** Makes a writer for the scope. It never removes checkpoints of other lineages. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const { background, lineage, logger, modelOnly } = options
  const store = yield* CheckpointStore
  const scope = yield* Scope.fork(yield* Scope.Scope) // closed last: whoever closes the run decides how long to wait for a write
  const onDisk = new Set(options.steps)
  const writing = yield* Semaphore.make(1)
  let durable = options.durable
  let failed: Cause.Cause<CheckpointError> | undefined

  /** Writes the log first, so that a run which is killed and resumed has no gap in it. The checkpoint lists what is on disk, whatever became of other writes. */
  const write = (checkpoint: Checkpoint, flush: Effect.Effect<unknown> = logger.flush) => {
    const { state } = checkpoint
    const checkpoints = state.checkpoints.filter((step) => step === state.step || onDisk.has(step))
    return Effect.andThen(flush, store.save({ ...checkpoint, lineage, state: { ...state, checkpoints } }))
  }
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
    save: (full, listed) => {
      const written = Effect.andThen(
        write(modelOnly ? withoutSlots(full) : full),
        Effect.suspend(() => {
          durable = modelOnly ? undefined : listed
          onDisk.add(listed.step)
          return prune(listed)
        })
      )
      const fail = (cause: Cause.Cause<CheckpointError>) => {
        failed = cause
      }
      const save = Effect.matchCause(writing.withPermit(written), { onFailure: fail, onSuccess: () => {} })
      const fiber = Effect.forkIn(save, scope, { startImmediately: true })
      return background ? Effect.asVoid(fiber) : Effect.flatMap(fiber, Fiber.join)
    },
    rescue: (checkpoint, grace) => write(checkpoint, Timeouts.within(logger.flush, Duration.toMillis(grace) * flushShare)),
    prune,
    alone: writing.withPermit,
    idle: writing.withPermit(Effect.suspend(() => (failed === undefined ? Effect.void : Effect.failCause(failed)))),
    has: (state) => durable !== undefined && onDisk.has(durable.step) && same(state, durable),
    failure: () => failed
  } satisfies CheckpointWriter
})

/** The part of the grace that the log may take. */
const flushShare = 0.25

/** The checkpoint without what a run needs to resume. */
const withoutSlots = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  modelOnly: true,
  weights: { ...checkpoint.weights, slots: {} }
})

/** Whether a checkpoint of one state serves for the other as well. */
const same = (left: TrainerState, right: TrainerState): boolean =>
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
