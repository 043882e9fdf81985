/** The callbacks of a run: calls their handlers in order, and reads and writes their state in the TrainerState. */
import { Effect, Predicate, Schema } from "effect"
import type { Event, Request, Tag } from "../Schedule/Event.ts"
import type { Callbacks as States, TrainerState } from "../TrainerState.ts"
import type { Callback, CallbackEvent, CallbackFailed, CallbackState, Logs, PredictionStep } from "./Callback.ts"
import type { CurrentRun, Views } from "./CurrentRun.ts"
import { InvalidTask } from "./Errors.ts"

/** The replies of all callbacks to one event. */
export interface Replies {
  readonly requests: ReadonlyArray<Request>
  readonly callbacks: States
  /** The name of the first callback that requested the run's stop; undefined if none did. */
  readonly requestedBy: string | undefined
}

export interface Callbacks<E, R> {
  /** Calls the handlers of an event in order; undefined if there are none. */
  readonly notify: (event: Event, logs: Logs) => Effect.Effect<Replies, E | CallbackFailed | InvalidTask, R> | undefined
  /** The `onBatch` that calls `onPredictionStep` handlers; empty if there are none. */
  readonly watching: (step: Omit<PredictionStep, "done">) => {
    readonly onBatch?: (done: number) => Effect.Effect<void, E | CallbackFailed, R>
  }
}

/** The valid requests. */
const known = new Set<unknown>(["log", "evaluate", "save", "stopEpoch", "stopRun"])

/** Restores the state of a run's callbacks, whose handlers get a view of the run. **Errors**: `InvalidTask` when two callbacks with state share a name, or a state cannot be decoded. */
export const make = Effect.fnUntraced(function* <E, R>(
  callbacks: ReadonlyArray<Callback<E, R>>,
  from: TrainerState,
  { at }: Pick<Views, "at">
) {
  const handled = new Set<Tag>(callbacks.flatMap(({ handles }) => [...handles]))
  const members = yield* Effect.forEach(callbacks, (callback) => restored(callback, from.callbacks))
  const names = callbacks.filter(({ state }) => state !== undefined).map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    return yield* new InvalidTask({ reason: `Two callbacks keep state under the name "${twice}". Give one another name.` })

  const notify = Effect.fnUntraced(function* (event: Event, logs: Logs) {
    const requests: Array<Request> = []
    let states = event.state.callbacks
    let requestedBy: string | undefined
    const given = eventOf(event, logs, at(event.state))
    for (const { callback, read, write } of members) {
      if (!callback.handles.has(event._tag)) continue
      const { ask = [], state } = yield* callback.notify(given, read(states))
      const asked: ReadonlyArray<Request> = Array.isArray(ask) ? ask : [ask]
      const unknown = asked.find((request) => !known.has(request))
      if (unknown !== undefined)
        return yield* new InvalidTask({
          reason: `Callback "${callback.name}" asks for "${unknown}". Expected: ${[...known].join(", ")}.`
        })
      if (asked.includes("stopRun")) requestedBy ??= callback.name
      requests.push(...asked)
      if (state !== undefined) states = yield* write(states, state)
    }
    return { requests, callbacks: states, requestedBy }
  })
  return {
    notify: (event, logs) => (handled.has(event._tag) ? notify(event, logs) : undefined),
    watching: (step) => watching(callbacks, step)
  } satisfies Callbacks<E, R>
})

/** The event as handlers see it. Python's `on_evaluate` also gets runtime and speeds among its metrics. */
const eventOf = (event: Event, logs: Logs, run: CurrentRun): CallbackEvent<Tag> => {
  const metrics = event._tag === "Evaluated" ? { metrics: { ...event.metrics, ...logs } } : {}
  return { ...event, ...metrics, logs, run, state: { ...event.state, globalStep: event.state.step } } as CallbackEvent<Tag>
}

/** The `onBatch` of an evaluation or a prediction that calls `onPredictionStep` handlers; empty if there are none. */
export const watching = <E, R>(
  callbacks: ReadonlyArray<Callback<E, R>>,
  step: Omit<PredictionStep, "done">
): { readonly onBatch?: (done: number) => Effect.Effect<void, E | CallbackFailed, R> } => {
  const watchers = callbacks.flatMap(({ onPredictionStep }) => onPredictionStep ?? [])
  if (watchers.length === 0) return {}
  return { onBatch: (done) => Effect.forEach(watchers, (watch) => watch({ ...step, done }), { discard: true }) }
}

/** A callback with a reader and a writer of its state. It is decoded only when the encoded state is not the last one seen. */
const restored = Effect.fnUntraced(function* <E, R>(callback: Callback<E, R>, states: States) {
  const { name, state } = callback
  if (state === undefined) return { callback, read: () => undefined, write: (states: States) => Effect.succeed(states) }
  const { decode, encode, initial } = codecOf(state)
  let last: { readonly encoded: unknown; readonly decoded: unknown } = { encoded: undefined, decoded: initial }
  const read = (states: States): unknown => {
    const encoded = states[name]
    if (encoded === last.encoded) return last.decoded
    last = { encoded, decoded: encoded === undefined ? initial : decode(encoded) }
    return last.decoded
  }
  yield* Effect.try({
    try: () => read(states),
    catch: () =>
      new InvalidTask({
        reason: `The state of callback "${name}" in the checkpoint does not match its schema. Give the callback another name, or the checkpoint's schema.`
      })
  })
  const write = (states: States, decoded: unknown): Effect.Effect<States, InvalidTask> => {
    if (decoded === last.decoded && typeof decoded !== "object") return Effect.succeed(states) // an object may have been mutated
    return Effect.try({
      try: () => {
        last = { encoded: encode(decoded), decoded }
        return { ...states, [name]: last.encoded }
      },
      catch: () =>
        new InvalidTask({
          reason: `The state of callback "${name}" cannot be written to a checkpoint: use plain JSON (finite numbers, no undefined), or give the state a schema.`
        })
    })
  }
  return { callback, read, write }
})

/** The codec of a state: its schema, or a copy of plain JSON. */
const codecOf = ({ initial, schema }: CallbackState<unknown>) => {
  if (schema === undefined) {
    const copy = (json: unknown): unknown => structuredClone(Schema.encodeUnknownSync(Schema.Json)(json))
    return { encode: copy, decode: copy, initial: structuredClone(initial) }
  }
  const codec = Schema.toCodecJson(schema)
  return { encode: Schema.encodeUnknownSync(codec), decode: Schema.decodeUnknownSync(codec), initial }
}

/** Writes the states of callbacks as Hugging Face's `stateful_callbacks`. */
export const toHuggingFace = ({ callbacks }: TrainerState): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(callbacks).map(([name, state]) => [
      name,
      { args: {}, attributes: Predicate.isReadonlyObject(state) ? state : { state } }
    ])
  )
