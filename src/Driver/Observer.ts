/** Observers are asked: functions from an event to what they want, as values. The driver asks them before it moves on. */
import { Effect, Queue } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { Event, EventOf, Request, Requests, Tag } from "../Schedule/Plan.ts"
import type { Logs } from "./Callback.ts"
import { ObserverFailed } from "./Errors.ts"

/**
 * Handles some of the events, by tag. What a handler may ask for is typed by the event, so that a request which could
 * no longer be honoured does not compile. `logs` is what is being logged, where something is. Its errors end the run; its requirements are the run's.
 */
export type Observer<E = never, R = never> = {
  readonly [T in Tag]?: (event: EventOf<T>, logs: Logs) => Effect.Effect<ReadonlyArray<Requests[T]>, E, R>
}

/** Types a record of handlers as an observer. */
export const make = <E = never, R = never>(observer: Observer<E, R>): Observer<E, R> => observer

/** Asks several observers, in order; what they ask for is added up. */
export const all = <E, R>(...observers: ReadonlyArray<Observer<E, R>>): Observer<E, R> => {
  const tags = new Set(observers.flatMap((observer) => Object.keys(observer) as Array<Tag>))
  return Object.fromEntries(
    [...tags].map((tag) => [
      tag,
      (event: Event, logs: Logs) =>
        Effect.map(
          Effect.forEach(observers, (observer) => handlerOf(observer, event)?.(event, logs) ?? Effect.succeed([])),
          (requests) => requests.flat()
        )
    ])
  ) as Observer<E, R>
}

/** Honours requests from outside (a button, a signal) at the end of the next step. */
export const fromQueue = (queue: Queue.Dequeue<Request>): Observer => ({
  StepEnded: () => Effect.map(Queue.clear(queue), (requests) => [...requests])
})

/**
 * Asks an observer about an event; undefined when it does not handle such events.
 *
 * **Errors**: `ObserverFailed` when it throws, dies, or requests what does not exist.
 */
export const ask = <E, R>(
  observer: Observer<E, R>,
  event: Event,
  logs: Logs
): Effect.Effect<ReadonlyArray<Request>, E | ObserverFailed, R> | undefined => {
  const handler = handlerOf(observer, event)
  if (handler === undefined) return undefined
  const failed = (reason: string) => Effect.fail(new ObserverFailed({ event: event._tag, reason }))
  return Effect.suspend(() => handler(event, logs)).pipe(
    Effect.catchDefect((cause) => failed(messageOf(cause))),
    Effect.flatMap((requests) => {
      const unknown = requests.find((request) => !known.has(request))
      return unknown === undefined
        ? Effect.succeed(requests)
        : failed(`it requests "${unknown}". Expected: ${[...known].join(", ")}.`)
    })
  )
}

const handlerOf = <E, R>(observer: Observer<E, R>, event: Event) =>
  observer[event._tag] as ((event: Event, logs: Logs) => Effect.Effect<ReadonlyArray<Request>, E, R>) | undefined

/** The valid requests. */
const known = new Set<Request>(["log", "evaluate", "save", "stopEpoch", "stopRun"])
