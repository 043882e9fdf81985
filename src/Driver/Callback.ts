/** Hugging Face's callbacks as values: handlers that the run calls at its events, which reply with requests and the callback's next state. */
import { Console, Effect, Predicate, type Schema } from "effect"
import { nearest, toCamel } from "../Arguments/ArgumentNames.ts"
import type { EarlyStopping } from "../Arguments/Compile.ts"
import * as PythonNumbers from "../Format/PythonNumbers.ts"
import type { Metrics, Tag } from "../Schedule/Event.ts"
import {
  type CallbackEvent,
  CallbackFailed,
  type CallbackReply,
  type Errors,
  type EventTags,
  type Given,
  type Handler,
  type Handlers,
  type PredictionStep,
  type Replied,
  type Services,
  tags
} from "./CallbackEvent.ts"
import { InvalidTask } from "./Errors.ts"

export type {
  CallbackEvent,
  CallbackReply,
  EventTags,
  Handler,
  Handlers,
  Logs,
  PredictionStep,
  Watchers
} from "./CallbackEvent.ts"
export { CallbackFailed } from "./CallbackEvent.ts"

/** The state that a callback keeps in checkpoints: its initial value, and its schema (plain JSON without one). */
export interface CallbackState<S> {
  readonly schema?: Schema.Codec<S, unknown>
  readonly initial: S
}

export interface Callback<E = never, R = never> {
  readonly _tag: "Callback"
  /** The key of its state in checkpoints, and the name by which it can be removed. */
  readonly name: string
  /** Undefined for a callback without state. */
  readonly state: CallbackState<unknown> | undefined
  readonly handles: ReadonlySet<Tag>
  /** Calls the handler of an event that it handles. */
  readonly notify: (
    event: CallbackEvent<Tag>,
    state: unknown
  ) => Effect.Effect<CallbackReply<Tag, unknown>, E | CallbackFailed, R>
  readonly onPredictionStep?: (step: PredictionStep) => Effect.Effect<unknown, E | CallbackFailed, R>
  readonly onPredict?: (metrics: Metrics) => Effect.Effect<unknown, E | CallbackFailed, R>
  /** Set for early stopping, which the plan performs. */
  readonly earlyStopping?: EarlyStopping
}

/** A callback of any errors and requirements. */
export type Any = Callback<unknown, unknown>

/** The errors of callbacks, as a union. */
export type ErrorsOf<C extends Any> = C extends Callback<infer E, infer _> ? E : never

/** The requirements of callbacks, as a union. */
export type ServicesOf<C extends Any> = C extends Callback<infer _, infer R> ? R : never

/** Options whose callbacks are inferred one by one, so that they may have different errors and requirements. */
export type Accepting<Options, C extends Any> = Omit<Options, "callbacks"> & { readonly callbacks?: ReadonlyArray<C> }

interface Named {
  readonly name?: string
  readonly state?: unknown
}

/** The callback of some handlers. With an unknown name among them it is no callback, which does not type-check where one is expected. */
export type Made<H> = string extends keyof H
  ? Callback<Errors<H>, Services<H>>
  : [Exclude<keyof H, keyof Handlers<unknown> | keyof Named>] extends [never]
    ? Callback<Errors<H>, Services<H>>
    : { readonly unknownHandlers: Exclude<keyof H, keyof Handlers<unknown> | keyof Named> }

/**
 * Makes a callback from handlers. A handler replies with requests and its next state, or with a promise or an Effect of those, or with nothing. Each event's
 * type says what may be asked for.
 *
 * **Law**: a run that is interrupted anywhere and resumed ends with the callback state of an uninterrupted one (test/property/play.test.ts), except that state
 * replied to `onSave` is in the next checkpoint. State replied to `onInitEnd`, `onTrainBegin`, `onTrainEnd` and the last log, which occur again with each
 * start, is discarded.
 *
 * **Errors**: throws `InvalidTask` for an unknown handler. `CallbackFailed` ends the run when a handler throws, or its promise is rejected; an Effect fails
 * with its own errors. Errors and requirements of several handlers are unions.
 *
 * **Source**: `TrainerCallback`; requests replace the flags of `TrainerControl`, and the control flow is the plan's.
 *
 * @example
 * ```ts
 * import { Callback } from "regimen"
 * import assert from "node:assert/strict"
 *
 * const everyThird = Callback.make({
 *   name: "EveryThird",
 *   state: { initial: 0 },
 *   onStepEnd: (_, steps) => ({ state: steps + 1, ask: steps % 3 === 2 ? "evaluate" : [] }),
 *   onLog: ({ logs }) => console.log(logs)
 * })
 * assert.equal(everyThird.name, "EveryThird")
 * ```
 */
export const make = <S = undefined, H extends Handlers<NoInfer<S>> & Named = Handlers<NoInfer<S>> & Named>(
  options: H & Named & { readonly state?: CallbackState<S> }
): Made<H> => {
  type E = Errors<H>
  type R = Services<H>
  const { name = "Callback", onPredict, onPredictionStep, state, ...others } = options as Handlers<S, E, R> & typeof options
  const call = calling(name)
  const handlers = new Map<Tag, (event: CallbackEvent<Tag>, state: S) => Effect.Effect<Replied<Tag, S>, E | CallbackFailed, R>>()
  for (const on of Object.keys(others)) {
    if (!isHandler(on)) throw unknownHandler(name, on)
    const handler = options[on] as Handler<Tag, S, E, R> | undefined
    if (handler !== undefined) for (const tag of tags[on]) handlers.set(tag, call(on, handler))
  }
  const callback: Callback<E, R> = {
    _tag: "Callback",
    name,
    state: state as CallbackState<unknown> | undefined,
    handles: new Set(handlers.keys()),
    notify: (event, state) => Effect.map(handlers.get(event._tag)!(event, state as S), (reply) => reply ?? {}),
    ...(onPredictionStep === undefined ? {} : { onPredictionStep: call("onPredictionStep", onPredictionStep) }),
    ...(onPredict === undefined ? {} : { onPredict: call("onPredict", onPredict) })
  }
  return callback as Made<H>
}

const isHandler = (name: string): name is keyof EventTags => Object.hasOwn(tags, name)

const unknownHandler = (callback: string, name: string) => {
  const known = [...Object.keys(tags), "onPredictionStep", "onPredict", "name", "state"]
  const meant = nearest(toCamel(name), known)
  const hint = meant === undefined ? `There are: ${known.join(", ")}.` : `Did you mean ${meant}?`
  return new InvalidTask({ reason: `Callback "${callback}" has an unknown option "${name}". ${hint}` })
}

/** Calls a handler and waits for its promise or Effect. */
const calling =
  (callback: string) =>
  <P extends ReadonlyArray<unknown>, A, E, R>(event: string, handler: (...args: P) => Given<A, E, R>) =>
  (...args: P): Effect.Effect<A, E | CallbackFailed, R> => {
    const failed = (cause: unknown) => new CallbackFailed({ callback, event, cause })
    return Effect.flatMap(
      Effect.try({ try: () => handler(...args), catch: failed }),
      (given): Effect.Effect<A, E | CallbackFailed, R> => {
        if (Effect.isEffect(given)) return given as Effect.Effect<A, E, R>
        if (!Predicate.isPromiseLike(given)) return Effect.succeed(given)
        return Effect.tryPromise({ try: async () => given as PromiseLike<A>, catch: failed })
      }
    )
  }

/**
 * Stops the run when `metric_for_best_model` has not improved by more than `threshold` in `patience` evaluations.
 *
 * **Source**: `EarlyStoppingCallback`. The counter is a fold over the evaluations, which are in the checkpoint.
 *
 * @example
 * ```ts
 * import { Callback } from "regimen"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Callback.earlyStopping({ patience: 3 }).earlyStopping, { patience: 3, threshold: 0 })
 * ```
 */
export const earlyStopping = ({
  patience = 1,
  threshold = 0
}: {
  readonly patience?: number
  readonly threshold?: number
} = {}): Callback => ({ ...make({ name: "EarlyStoppingCallback" }), earlyStopping: { patience, threshold } })

/** Does nothing: the plan decides when to log, evaluate and save, so removing it changes nothing. **Source**: `DefaultFlowCallback`. */
export const defaultFlow: Callback = make({ name: "DefaultFlowCallback" })

/** Enables the progress display of loggers. **Source**: `ProgressCallback`. */
export const progress: Callback = make({ name: "ProgressCallback" })

/** Prints logs as Python prints a dict. **Source**: `PrinterCallback`. */
export const printer: Callback = make({
  name: "PrinterCallback",
  onLog: ({ logs }) =>
    Console.log(
      `{${Object.entries(logs)
        .map(([name, value]) => `'${name}': ${PythonNumbers.float(value)}`)
        .join(", ")}}`
    )
})
