/** Observers: functions from an event to requests. The driver asks them before it moves on. */
import { Effect, Queue } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { Event, EventOf, Request, Requests, Tag } from "../Schedule/Plan.ts"
import type { Logs } from "./Callback.ts"
import { ObserverFailed } from "./Errors.ts"

/**
 * Handles some of the events, by tag. The event's type says which requests it can still honour: others do not compile. `logs` are the figures that the event
 * logs. Errors end the run; requirements are the run's.
 */
export type Observer<E = never, R = never> = {
  readonly [T in Tag]?: (event: EventOf<T>, logs: Logs) => Effect.Effect<ReadonlyArray<Requests[T]>, E, R>
}

/** An observer of any errors and requirements. */
export type Any = Observer<unknown, unknown>

type HandlersOf<O> = Extract<O[keyof O], (...args: never) => unknown>

/** The errors of observers, as a union. */
export type ErrorsOf<O> = O extends unknown ? Effect.Error<ReturnType<HandlersOf<O>>> : never

/** The requirements of observers, as a union. */
export type ServicesOf<O> = O extends unknown ? Effect.Services<ReturnType<HandlersOf<O>>> : never

/** Types a record of handlers as an observer. Errors and requirements of the handlers are unions. */
export const make: {
  <E = never, R = never>(observer: Observer<E, R>): Observer<E, R>
  <O extends Any>(observer: O & { readonly [K in Exclude<keyof O, Tag>]: never }): Observer<ErrorsOf<O>, ServicesOf<O>>
} = (observer: unknown) => observer as Observer<never, never>

/** Asks several observers, in order, and concatenates their requests. Their errors and requirements are unions. */
export const all = <O extends ReadonlyArray<Any>>(...observers: O): Observer<ErrorsOf<O[number]>, ServicesOf<O[number]>> => {
  const tags = new Set(observers.flatMap((observer) => Object.keys(observer) as Array<Tag>))
  const handlers = [...tags].map((tag) => [
    tag,
    (event: Event, logs: Logs) =>
      Effect.map(
        Effect.forEach(observers, (observer) => handlerOf(observer, event)?.(event, logs) ?? Effect.succeed([])),
        (requests) => requests.flat()
      )
  ])
  return Object.fromEntries(handlers) as Observer<ErrorsOf<O[number]>, ServicesOf<O[number]>>
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
