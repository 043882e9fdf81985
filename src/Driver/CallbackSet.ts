/** The callbacks of a run: each is told, and what they remember is kept as the state keeps it. */
import { Effect, Predicate, Schema } from "effect"
import type { Event, Request, Tag } from "../Schedule/Event.ts"
import type { Callbacks as Memories, TrainerState } from "../TrainerState.ts"
import type { Callback, CallbackEvent, CallbackFailed, CallbackState, Logs, PredictionStep } from "./Callback.ts"
import { InvalidTask } from "./Errors.ts"

/** What all of them say. */
export interface Replies {
  readonly requests: ReadonlyArray<Request>
  readonly callbacks: Memories
  /** The first that asks for the run's end, by name; undefined when none does. */
  readonly asker: string | undefined
}

export interface Callbacks<E, R> {
  /** Tells those that hear of such an event, in order; undefined when none does. */
  readonly notify: (event: Event, logs: Logs) => Effect.Effect<Replies, E | CallbackFailed | InvalidTask, R> | undefined
  /** What tells them of each batch of an evaluation; nothing when none listens. */
  readonly watching: (step: Omit<PredictionStep, "done">) => {
    readonly onBatch?: (done: number) => Effect.Effect<void, E | CallbackFailed, R>
  }
}

/** What can be asked for. */
const known = new Set<string>(["log", "evaluate", "save", "stopEpoch", "stopRun"])

/** Gives the callbacks of a run their memories back. **Errors**: `InvalidTask` when two remember under one name, or one cannot read its memory. */
export const make = Effect.fnUntraced(function* <E, R>(callbacks: ReadonlyArray<Callback<E, R>>, from: TrainerState) {
  const hearing = new Set<Tag>(callbacks.flatMap(({ handles: hears }) => [...hears]))
  const own = yield* Effect.forEach(callbacks, (callback) => remembering(callback, from.callbacks))
  const names = callbacks.filter(({ memory }) => memory !== undefined).map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    return yield* new InvalidTask({ reason: `Two callbacks remember under the name "${twice}". Give one another name.` })

  const tell = Effect.fnUntraced(function* (event: Event, logs: Logs) {
    const requests: Array<Request> = []
    let memories = event.state.callbacks
    let asker: string | undefined
    const told = { ...event, logs, state: { ...event.state, globalStep: event.state.step } } as CallbackEvent<Tag>
    for (const { callback, read, write } of own) {
      if (!callback.handles.has(event._tag)) continue
      const { ask = [], memory } = yield* callback.notify(told, read(memories))
      const unknown = ask.find((request) => !known.has(request))
      if (unknown !== undefined)
        return yield* new InvalidTask({
          reason: `The callback "${callback.name}" asks for "${unknown}". There are: ${[...known].join(", ")}.`
        })
      if (ask.includes("stopRun")) asker ??= callback.name
      requests.push(...ask)
      if (memory !== undefined) memories = yield* write(memories, memory)
    }
    return { requests, callbacks: memories, asker }
  })
  return {
    notify: (event, logs) => (hearing.has(event._tag) ? tell(event, logs) : undefined),
    watching: (step) => watching(callbacks, step)
  } satisfies Callbacks<E, R>
})

/** What tells callbacks of each batch of an evaluation or a prediction; nothing when none listens. */
export const watching = <E, R>(
  callbacks: ReadonlyArray<Callback<E, R>>,
  step: Omit<PredictionStep, "done">
): { readonly onBatch?: (done: number) => Effect.Effect<void, E | CallbackFailed, R> } => {
  const listening = callbacks.filter(({ onPredictionStep }) => onPredictionStep !== undefined)
  if (listening.length === 0) return {}
  return {
    onBatch: (done) =>
      Effect.forEach(listening, (callback) => callback.onPredictionStep?.({ ...step, done }) ?? Effect.void, {
        discard: true
      })
  }
}

/** A callback and its memory, which is decoded only when the state's is another than the last one seen. */
const remembering = Effect.fnUntraced(function* <E, R>(callback: Callback<E, R>, memories: Memories) {
  const { memory, name } = callback
  if (memory === undefined) return { callback, read: () => undefined, write: (memories: Memories) => Effect.succeed(memories) }
  const { decode, encode, initial } = formOf(memory)
  let last: { readonly encoded: unknown; readonly decoded: unknown } = { encoded: undefined, decoded: initial }
  const read = (memories: Memories): unknown => {
    const encoded = memories[name]
    if (encoded === last.encoded) return last.decoded
    last = { encoded, decoded: encoded === undefined ? initial : decode(encoded) }
    return last.decoded
  }
  yield* Effect.try({
    try: () => read(memories),
    catch: () =>
      new InvalidTask({
        reason: `The checkpoint holds a memory of the callback "${name}" that it cannot read. Give the callback another name, or the checkpoint's own schema.`
      })
  })
  const write = (memories: Memories, decoded: unknown): Effect.Effect<Memories, InvalidTask> => {
    if (decoded === last.decoded && typeof decoded !== "object") return Effect.succeed(memories) // an object may have been changed in place
    return Effect.try({
      try: () => {
        last = { encoded: encode(decoded), decoded }
        return { ...memories, [name]: last.encoded }
      },
      catch: () =>
        new InvalidTask({
          reason: `The callback "${name}" remembers what its checkpoints cannot hold: let it remember plain JSON (numbers that are finite, no undefined), or give its memory a schema.`
        })
    })
  }
  return { callback, read, write }
})

/** How a memory is written and read: by its schema, or as the plain JSON that it is, which is copied. */
const formOf = ({ initial, schema }: CallbackState<unknown>) => {
  if (schema === undefined) {
    const copy = (json: unknown): unknown => structuredClone(Schema.encodeUnknownSync(Schema.Json)(json))
    return { encode: copy, decode: copy, initial: structuredClone(initial) }
  }
  const codec = Schema.toCodecJson(schema)
  return { encode: Schema.encodeUnknownSync(codec), decode: Schema.decodeUnknownSync(codec), initial }
}

/** Writes what callbacks remember as Hugging Face's `stateful_callbacks`. */
export const toHuggingFace = ({ callbacks }: TrainerState): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(callbacks).map(([name, memory]) => [
      name,
      { args: {}, attributes: Predicate.isReadonlyObject(memory) ? memory : { memory } }
    ])
  )
