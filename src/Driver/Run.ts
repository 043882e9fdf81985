/**
 * A run executes the events of the loop with effects, in a scope: when that closes early, for whatever reason, the state is saved as it is.
 *
 * The path of an event: `pull` here, `Turn.ts` (its handling), `EventHandlers.ts` (its effect), `TrainingWeights.ts` (an update on the device), and back to
 * `Schedule/Play.ts`, which decides the next event.
 */
import { Cause, Effect, Stream } from "effect"
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import type { Device, DeviceError } from "../Layer/Device/Device.ts"
import type * as Plan from "../Schedule/Plan.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { TrainerState } from "../TrainerState.ts"
import { close } from "./CloseRun.ts"
import { EventsInUse, RunClosed, type RunError } from "./Errors.ts"
import { open } from "./OpenRun.ts"
import { get, type RunContext, set } from "./RunContext.ts"
import type { Options } from "./RunOptions.ts"
import * as Snapshot from "./Snapshot.ts"
import type { TrainingTask } from "./TrainingTask.ts"
import { handleEvent } from "./Turn.ts"

export { type Interruption, type Options, type Services, type StartingWeights, startOf, type TrainResult } from "./RunOptions.ts"

export interface Run<E, R> {
  /**
   * Events, each after it was handled; the run advances only as they are read, by one reader at a time. They only report: requests come from observers.
   *
   * **Errors**: those of the run: after a failure every later read fails with the same error; `EventsInUse` where they have a reader; `RunClosed` after the scope.
   */
  readonly events: Stream.Stream<Plan.Event, E, R>
  /** The state that a checkpoint written now would hold. */
  readonly state: Effect.Effect<TrainerState, DeviceError>
  /** A copy in the host's memory: the tensors are freed with the scope. */
  readonly weights: Effect.Effect<HostWeights, DeviceError>
  /** The canonical log so far. */
  readonly history: Effect.Effect<Checkpoint["history"]>
}

/** Opens a run in the scope. Nothing is trained until `events` is read. */
export const start = Effect.fnUntraced(function* <E = never, R = never>(
  task: TrainingTask,
  plan: Plan.Plan,
  options: Options<E, R> = {}
) {
  const run = yield* open(task, plan, options)
  yield* Effect.addFinalizer(() => close(run))
  return {
    events: events(run),
    state: Effect.map(run.weights.running, (running) => {
      const { done, value } = get(run).now
      return Snapshot.measured(done === true ? value : value.resumeState, running)
    }),
    weights: run.weights.snapshot,
    history: Effect.sync(run.log.history)
  } satisfies Run<RunError | E, Device | R>
})

/** The events for one reader at a time: a second would answer the same question twice. */
const events = <E, R>(run: RunContext<E, R>): Stream.Stream<Plan.Event, RunError | E, Device | R> =>
  Stream.unwrap(
    Effect.as(
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (get(run).reading) return Effect.fail(new EventsInUse())
          return Effect.sync(() => set(run, { reading: true }))
        }),
        () => Effect.sync(() => set(run, { reading: false }))
      ),
      Stream.fromPull(Effect.succeed(pull(run)))
    )
  )

/** Events that the stream emits together with the next event of another kind. */
const grouped = new Set<Plan.Tag>(["Microbatch", "StepStarted", "SubstepEnded", "Updating", "Updated"])

const pull = <E, R>(run: RunContext<E, R>) =>
  Effect.flatMap(
    Effect.onError(next(run), (cause) => failed(run, cause)),
    ([first, ...others]) => (first === undefined ? Cause.done() : Effect.succeed([first, ...others] as const))
  )

/** Handles events up to the next that is not grouped; none at the end. */
const next = <E, R>(run: RunContext<E, R>) =>
  Effect.gen(function* () {
    const events: Array<Plan.Event> = []
    for (let driver = get(run); driver.now.done !== true; driver = get(run)) {
      if (driver.failure !== undefined) return yield* Effect.failCause(driver.failure)
      if (driver.closed) return yield* new RunClosed()
      const event = driver.now.value
      const handling = handleEvent(run, event)
      if (handling !== undefined) yield* handling
      if (run.writer.failure() !== undefined) yield* failedSave(run)
      events.push(event)
      if (event._tag === "StepEnded") yield* Effect.yieldNow // a synchronous backend starves timers and interruption otherwise
      if (!grouped.has(event._tag)) break
    }
    return events
  })

/** Records a failure. After a failure every read fails; after an interruption the next reader continues. */
const failed = <E, R>(run: RunContext<E, R>, cause: Cause.Cause<RunError | E>) =>
  Effect.sync(() => {
    if (!Cause.hasInterruptsOnly(cause)) set(run, { failure: cause })
  })

/** A checkpoint that could not be written, perhaps in the background, ends the run. */
const failedSave = <E, R>(run: RunContext<E, R>) =>
  Effect.suspend(() => {
    const failure = run.writer.failure()
    if (failure === undefined) return Effect.void
    set(run, { noMoreSaves: true, failure })
    return Effect.failCause(failure)
  })
