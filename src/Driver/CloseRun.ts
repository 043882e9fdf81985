/** Closes a run that is not at its end (an interruption, `Stream.take`, an error): saves the state that it resumes from, once. */
import { Clock, Duration, Effect } from "effect"
import type { TrainerState } from "../TrainerState.ts"
import { get, type RunContext, set } from "./RunContext.ts"
import { defaultGrace } from "./RunOptions.ts"
import * as Snapshot from "./Snapshot.ts"
import * as Timeouts from "./Timeouts.ts"

/** Saves the state of a run that is not at its end, and calls `onInterrupt`. **Law**: it never fails, and takes no longer than `grace`, and a second. */
export const close = Effect.fnUntraced(function* <E, R>(run: RunContext<E, R>) {
  const { now } = get(run)
  set(run, { closed: true })
  if (now.done === true) return
  const { resumeState } = now.value
  const { grace = defaultGrace, onInterrupt } = run.options
  const begun = yield* Clock.currentTimeMillis
  const safe = resumeState.step === 0 || (yield* rescue(run, resumeState, grace))
  if (onInterrupt === undefined) return yield* get(run).failure === undefined ? Effect.void : logEnd(resumeState, safe)
  const left = Duration.toMillis(grace) - ((yield* Clock.currentTimeMillis) - begun)
  const say = (text: string) => Effect.andThen(run.log.text(resumeState, text), run.logger.flush)
  yield* Effect.suspend(() => onInterrupt({ step: resumeState.step, safe, say })).pipe(
    Effect.catchCause((cause) => Effect.logError("onInterrupt failed.", cause)),
    (called) => Timeouts.within(called, Math.max(left, least))
  )
})

/** Logs what is left of a run that an error has ended after its first update. */
const logEnd = ({ checkpoints, step }: TrainerState, safe: boolean): Effect.Effect<void> => {
  if (step === 0) return Effect.void
  if (safe) return Effect.logInfo(`The run ended after step ${step}, and its state is saved: resume to continue from there.`)
  const last = checkpoints.findLast((saved) => saved < step) // a save that failed is in its own list
  const there = last === undefined ? "there is no checkpoint" : `the last checkpoint is that of step ${last}`
  return Effect.logInfo(`The run ended after step ${step}. Its state was not saved; ${there}.`)
}

/** What `onInterrupt` has in any case. **Unit**: ms. */
const least = 1_000

/** Makes sure that a state is on disk, once a write in progress has ended. */
const rescue = <E, R>(run: RunContext<E, R>, state: TrainerState, grace: Duration.Input): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    if (run.writer.has(state)) return Effect.succeed(true)
    if (get(run).noMoreSaves) return Effect.succeed(false)
    return Effect.as(
      Effect.flatMap(Snapshot.take(run, state), (checkpoint) => run.writer.rescue(checkpoint, grace)),
      true
    )
  }).pipe(
    run.writer.alone,
    Effect.interruptible, // finalizers are uninterruptible, where no time limit works
    Effect.timeout(grace),
    Effect.catchCause((cause) =>
      Effect.as(Effect.logError("The run was interrupted and its state could not be saved.", cause), false)
    )
  )
