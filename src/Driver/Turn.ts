/** Handles one event of the loop: runs its handler, asks observers and callbacks, advances the loop with the reply, and commits. */
import { Effect, Result } from "effect"
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
 * Returns undefined if nothing of the event waits or fails, without handlers, observers and callbacks for example: the loop has advanced then.
 *
 * **Errors**: all of a run. A failure leaves the run at the event, with the weights of its `resumeState`.
 */
export const handleEvent = <E, R>(run: RunContext<E, R>, event: Plan.Event): Handling<RunError | E, Device | R> => {
  const handled = handle(run, event)
  return Effect.isEffect(handled)
    ? Effect.flatMap(handled, (outcome) => reply(run, event, outcome) ?? Effect.void)
    : reply(run, event, handled)
}

type Handling<E, R> = Effect.Effect<void, E, R> | undefined

/** Replies to an event with its outcome and the replies of observers and callbacks. */
const reply = <E, R>(run: RunContext<E, R>, event: Plan.Event, outcome: Outcome): Handling<RunError | E, Device | R> => {
  const logs = outcome.logs === undefined ? {} : { ...outcome.logs, epoch: event.state.epoch } // as the Trainer's logs
  const asking = requestReplies(run, event, logs)
  return asking === undefined
    ? commit(run, outcome, {})
    : Effect.flatMap(asking, (replies) => commit(run, outcome, replies) ?? Effect.void)
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
): Handling<RunError, Device> => {
  const move = (): Handling<RunError, Device> => {
    const advanced = advance(run, { answer: outcome.answer, ...replies } as Plan.Reply)
    if (Result.isFailure(advanced)) return Effect.fail(advanced.failure)
    const finish = (): undefined => {
      const by = requestedBy === undefined ? "an observer" : `the callback "${requestedBy}"`
      set(run, { now: advanced.success, ...(replies.requests?.includes("stopRun") === true ? { stopRequestedBy: by } : {}) })
    }
    return outcome.commit === undefined ? finish() : Effect.map(outcome.commit, finish)
  }
  return outcome.commit === undefined ? move() : Effect.uninterruptible(Effect.suspend(() => move() ?? Effect.void))
}

/** Resumes the loop's generator with a reply, up to its next event. **Errors**: `PlanFailed`; the generator has ended then, and the run with it. */
const advance = <E, R>({ loop }: RunContext<E, R>, reply: Plan.Reply) => {
  try {
    return Result.succeed(loop.next(reply))
  } catch (cause) {
    if (cause instanceof Plan.PlanFailed) return Result.fail(cause)
    throw cause
  }
}
