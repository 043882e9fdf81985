/** One turn of the driver: handles the loop's event, asks observers and callbacks, lets the loop decide, and commits. */
import { Effect } from "effect"
import type { Device } from "../Layer/Device/Device.ts"
import * as Plan from "../Schedule/Plan.ts"
import type { CallbackFailed, Logs } from "./Callback.ts"
import type { Replies } from "./CallbackSet.ts"
import type { InvalidTask, ObserverFailed, RunError } from "./Errors.ts"
import { handle, type Outcome } from "./EventHandlers.ts"
import { ask } from "./Observer.ts"
import { type RunContext, set } from "./RunContext.ts"

/**
 * Answers the event that the loop waits for. The loop decides before the event is committed, and commit and move are one uninterruptible act: an update or
 * a log happens whole, with its decisions, or not at all.
 *
 * **Errors**: all of a run. A failure leaves the run at the event, with the weights of its `resumeState`.
 */
export const turn = <E, R>(run: RunContext<E, R>, event: Plan.Event): Effect.Effect<void, RunError | E, Device | R> => {
  const work = handle(run, event)
  return work === undefined ? answer(run, event, {}) : Effect.flatMap(work, (outcome) => answer(run, event, outcome))
}

/** Answers an event with its outcome and with what observers and callbacks reply. */
const answer = <E, R>(
  run: RunContext<E, R>,
  event: Plan.Event,
  outcome: Outcome
): Effect.Effect<void, RunError | E, Device | R> => {
  const logs = outcome.logs === undefined ? {} : { ...outcome.logs, epoch: event.state.epoch } // as the Trainer's logs
  const replies = replyTo(run, event, logs)
  return replies === undefined ? move(run, outcome, {}) : Effect.flatMap(replies, (replies) => move(run, outcome, replies))
}

/** Asks the observer, then the callbacks; undefined if neither handles such an event. */
const replyTo = <E, R>(
  { callbacks, options: { observe } }: RunContext<E, R>,
  event: Plan.Event,
  logs: Logs
): Effect.Effect<Partial<Replies>, E | CallbackFailed | InvalidTask | ObserverFailed, R> | undefined => {
  const requested = observe === undefined ? undefined : ask(observe, event, logs)
  const notified = callbacks.notify(event, logs)
  if (requested === undefined) return notified
  return Effect.flatMap(requested, (requests) =>
    notified === undefined
      ? Effect.succeed({ requests })
      : Effect.map(notified, (replies) => ({ ...replies, requests: [...requests, ...replies.requests] }))
  )
}

/** Lets the loop decide, then commits and moves. Where the plan fails to decide, nothing is committed. */
const move = <E, R>(
  run: RunContext<E, R>,
  { answer, commit = Effect.void }: Outcome,
  { asker, ...replies }: Partial<Replies>
): Effect.Effect<void, RunError, Device> =>
  Effect.uninterruptible(
    Effect.flatMap(decide(run, { answer, ...replies } as Plan.Reply), (now) =>
      Effect.map(commit, () => {
        const by = asker === undefined ? "an observer" : `the callback "${asker}"`
        set(run, { now, ...(replies.requests?.includes("stopRun") === true ? { stopRequestedBy: by } : {}) })
      })
    )
  )

/** Moves the loop to its next question. **Errors**: `PlanFailed`; the loop is over then, and the run with it. */
const decide = <E, R>({ loop }: RunContext<E, R>, reply: Plan.Reply) =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(loop.next(reply))
    } catch (cause) {
      return cause instanceof Plan.PlanFailed ? Effect.fail(cause) : Effect.die(cause)
    }
  })
