/** Handles one event of the loop: runs its handler, asks observers and callbacks, advances the loop with the reply, and commits. */
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
 * Handles the loop's current event and advances the loop to the next. The loop advances before the event is committed, and both are one uninterruptible act: an
 * update or a log happens whole, with the plan's decisions, or not at all.
 *
 * Fast path: `handle` and `requestReplies` return undefined if there is nothing to run, so an event without handlers, observer and callbacks costs no Effect of its own.
 *
 * **Errors**: all of a run. A failure leaves the run at the event, with the weights of its `resumeState`.
 */
export const handleEvent = <E, R>(run: RunContext<E, R>, event: Plan.Event): Effect.Effect<void, RunError | E, Device | R> => {
  const handling = handle(run, event)
  return handling === undefined ? reply(run, event, {}) : Effect.flatMap(handling, (outcome) => reply(run, event, outcome))
}

/** Replies to an event with its outcome and the replies of observers and callbacks. */
const reply = <E, R>(
  run: RunContext<E, R>,
  event: Plan.Event,
  outcome: Outcome
): Effect.Effect<void, RunError | E, Device | R> => {
  const logs = outcome.logs === undefined ? {} : { ...outcome.logs, epoch: event.state.epoch } // as the Trainer's logs
  const asking = requestReplies(run, event, logs)
  return asking === undefined ? commit(run, outcome, {}) : Effect.flatMap(asking, (replies) => commit(run, outcome, replies))
}

/** Asks the observer, then the callbacks; undefined if neither handles such an event. */
const requestReplies = <E, R>(
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

/** Advances the loop, then commits the event's outcome and makes the next event the current one. If a function of the plan throws, nothing is committed. */
const commit = <E, R>(
  run: RunContext<E, R>,
  outcome: Outcome,
  { requestedBy, ...replies }: Partial<Replies>
): Effect.Effect<void, RunError, Device> =>
  Effect.uninterruptible(
    Effect.flatMap(advance(run, { answer: outcome.answer, ...replies } as Plan.Reply), (now) =>
      Effect.map(outcome.commit ?? Effect.void, () => {
        const by = requestedBy === undefined ? "an observer" : `the callback "${requestedBy}"`
        set(run, { now, ...(replies.requests?.includes("stopRun") === true ? { stopRequestedBy: by } : {}) })
      })
    )
  )

/** Resumes the loop's generator with a reply, up to its next event. **Errors**: `PlanFailed`; the generator has ended then, and the run with it. */
const advance = <E, R>({ loop }: RunContext<E, R>, reply: Plan.Reply) =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(loop.next(reply))
    } catch (cause) {
      return cause instanceof Plan.PlanFailed ? Effect.fail(cause) : Effect.die(cause)
    }
  })
