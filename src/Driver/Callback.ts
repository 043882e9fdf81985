/** A callback is told what happens in a run, and answers with what it asks for and what it remembers: the page's callbacks, as values. */
import { Console, Effect, Predicate, Schema } from "effect"
import type { EarlyStopping } from "../Arguments/Compile.ts"
import * as Python from "../Format/Python.ts"
import type { EventOf, Metrics, Requests, Tag } from "../Schedule/Event.ts"

/** What is being logged, under the log's names, with the `epoch`; empty at events that log nothing. */
export type Logs = Readonly<Record<string, number>>

/** The page's names of the events. `onLog` hears of training, of evaluations and of the end. */
export interface EventTags {
  readonly onInitEnd: "Initialized"
  readonly onTrainBegin: "Started"
  readonly onEpochBegin: "EpochStarted"
  readonly onStepBegin: "StepStarted"
  readonly onSubstepEnd: "SubstepEnded"
  readonly onPreOptimizerStep: "Updating"
  readonly onOptimizerStep: "Updated"
  readonly onStepEnd: "StepEnded"
  readonly onLog: "Logged" | "EvaluationLogged" | "Summary"
  readonly onEvaluate: "Evaluated"
  readonly onSave: "Saved"
  readonly onEpochEnd: "EpochEnded"
  readonly onTrainEnd: "Finished"
}

/** An event as callbacks hear it; `globalStep` is Python's name of the state's `step`. */
export type CallbackEvent<T extends Tag> = EventOf<T> & { readonly logs: Logs; readonly state: { readonly globalStep: number } }

/** What is asked for, and what is remembered from here on (what was remembered before, where it is left out). */
export interface CallbackReply<T extends Tag, S> {
  readonly ask?: ReadonlyArray<Requests[T]>
  readonly memory?: S
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that answers nothing need not return
type Perhaps<A> = A | void
type Answered<T extends Tag, S> = Perhaps<CallbackReply<T, S>>

/** At once, as a promise, or as an Effect. */
type Given<A, E, R> = A | PromiseLike<A> | Effect.Effect<A, E, R>

/** Hears of an event, with what the callback remembers. The run waits for its answer. */
export type Handler<T extends Tag, S, E, R> = (event: CallbackEvent<T>, memory: S) => Given<Answered<T, S>, E, R>

/** A batch of an evaluation or a prediction is done. */
export interface PredictionStep {
  readonly set: string
  /** Batches done, and in all (`Infinity` when nobody knows). */
  readonly done: number
  readonly total: number
}

/** What watches evaluations and predictions, which have no state that could be asked for something. */
export interface Watchers {
  readonly onPredictionStep: PredictionStep
  readonly onPredict: Metrics
}

export type Handlers<S, E, R> = { readonly [Name in keyof EventTags]?: Handler<EventTags[Name], S, E, R> } & {
  readonly [Name in keyof Watchers]?: (told: Watchers[Name]) => Given<unknown, E, R>
}

/** What a callback remembers: its form, as JSON in checkpoints (plain JSON as it is, where it is left out), and how it begins. */
export interface CallbackState<S> {
  readonly schema?: Schema.Codec<S, unknown>
  readonly initial: S
}

export interface Callback<E = never, R = never> {
  readonly _tag: "Callback"
  /** The name under which checkpoints keep its memory, and by which it can be removed. */
  readonly name: string
  /** Its memory's form; undefined for one that remembers nothing. */
  readonly memory: CallbackState<unknown> | undefined
  readonly handles: ReadonlySet<Tag>
  readonly notify: (
    event: CallbackEvent<Tag>,
    memory: unknown
  ) => Effect.Effect<CallbackReply<Tag, unknown>, E | CallbackFailed, R>
  readonly onPredictionStep?: (step: PredictionStep) => Effect.Effect<unknown, E | CallbackFailed, R>
  readonly onPredict?: (metrics: Metrics) => Effect.Effect<unknown, E | CallbackFailed, R>
  /** Set for early stopping, which a plan does for it. */
  readonly earlyStopping?: EarlyStopping
}

/** A handler threw, or its promise was rejected. */
export class CallbackFailed extends Schema.TaggedError<CallbackFailed>()("CallbackFailed", {
  callback: Schema.String,
  event: Schema.String,
  cause: Schema.Unknown
}) {
  override get message() {
    const reason = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `callback "${this.callback}" failed at ${this.event}: ${reason}`
  }
}

const tags: { readonly [Name in keyof EventTags]: ReadonlyArray<Tag> } = {
  onInitEnd: ["Initialized"],
  onTrainBegin: ["Started"],
  onEpochBegin: ["EpochStarted"],
  onStepBegin: ["StepStarted"],
  onSubstepEnd: ["SubstepEnded"],
  onPreOptimizerStep: ["Updating"],
  onOptimizerStep: ["Updated"],
  onStepEnd: ["StepEnded"],
  onLog: ["Logged", "EvaluationLogged", "Summary"],
  onEvaluate: ["Evaluated"],
  onSave: ["Saved"],
  onEpochEnd: ["EpochEnded"],
  onTrainEnd: ["Finished"]
}

/**
 * Makes a callback from handlers. A handler answers with what it asks for and what it remembers, or with a promise or an Effect of that, or with nothing.
 * What may be asked for is typed by the event.
 *
 * **Law**: a run that is cut anywhere and goes on remembers what one that was not cut does (test/property/play.test.ts), but for what is remembered at
 * `onSave`, which is in the next checkpoint. What is remembered at `onInitEnd`, `onTrainBegin`, `onTrainEnd` and the last log, which come again
 * with each start, is not kept.
 *
 * **Errors**: `CallbackFailed` ends the run when a handler throws, or its promise is rejected; an Effect fails with its own errors.
 *
 * **Source**: `TrainerCallback`; requests take the place of `TrainerControl`'s flags, and no callback carries the flow.
 *
 * @example
 * ```ts
 * import { Callback } from "regimen"
 * import assert from "node:assert/strict"
 *
 * const everyThird = Callback.make({
 *   name: "EveryThird",
 *   memory: { initial: 0 },
 *   onStepEnd: (_, seen) => ({ memory: seen + 1, ask: seen % 3 === 2 ? ["evaluate"] : [] }),
 *   onLog: ({ logs }) => console.log(logs)
 * })
 * assert.equal(everyThird.name, "EveryThird")
 * ```
 */
export const make = <S = undefined, E = never, R = never>(
  options: Handlers<NoInfer<S>, E, R> & { readonly name?: string; readonly memory?: CallbackState<S> }
): Callback<E, R> => {
  const { memory, name = "Callback", onPredict, onPredictionStep } = options
  const call = calling(name)
  const handlers = new Map<
    Tag,
    (event: CallbackEvent<Tag>, memory: S) => Effect.Effect<Answered<Tag, S>, E | CallbackFailed, R>
  >()
  for (const [on, heard] of Object.entries(tags) as ReadonlyArray<[keyof EventTags, ReadonlyArray<Tag>]>) {
    const handler = options[on] as Handler<Tag, S, E, R> | undefined
    if (handler !== undefined) for (const tag of heard) handlers.set(tag, call(on, handler))
  }
  return {
    _tag: "Callback",
    name,
    memory: memory as CallbackState<unknown> | undefined,
    handles: new Set(handlers.keys()),
    notify: (event, memory) =>
      Effect.map(handlers.get(event._tag)?.(event, memory as S) ?? Effect.undefined, (answered) => answered ?? {}),
    ...(onPredictionStep === undefined ? {} : { onPredictionStep: call("onPredictionStep", onPredictionStep) }),
    ...(onPredict === undefined ? {} : { onPredict: call("onPredict", onPredict) })
  }
}

/** Calls a handler, and waits for what it gives. */
const calling =
  (callback: string) =>
  <P extends ReadonlyArray<unknown>, A, E, R>(event: string, handler: (...told: P) => Given<A, E, R>) =>
  (...told: P): Effect.Effect<A, E | CallbackFailed, R> => {
    const failed = (cause: unknown) => new CallbackFailed({ callback, event, cause })
    return Effect.flatMap(
      Effect.try({ try: () => handler(...told), catch: failed }),
      (given): Effect.Effect<A, E | CallbackFailed, R> => {
        if (Effect.isEffect(given)) return given as Effect.Effect<A, E, R>
        if (!Predicate.isPromiseLike(given)) return Effect.succeed(given)
        return Effect.tryPromise({ try: async () => given as PromiseLike<A>, catch: failed })
      }
    )
  }

/**
 * Stops the run when the metric to go by has not become better by more than `threshold` in `patience` evaluations.
 *
 * **Source**: `EarlyStoppingCallback`. It needs `metric_for_best_model`. The counter is a fold over the evaluations, which a resumed run has.
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

/** Stands for the flow of a run, which the plan carries: removing it changes nothing. **Source**: `DefaultFlowCallback`. */
export const defaultFlow: Callback = make({ name: "DefaultFlowCallback" })

/** Stands for the progress that loggers show; without it they show none. **Source**: `ProgressCallback`. */
export const progress: Callback = make({ name: "ProgressCallback" })

/** Prints what is logged, as Python would print it. **Source**: `PrinterCallback`. */
export const printer: Callback = make({
  name: "PrinterCallback",
  onLog: ({ logs }) =>
    Console.log(
      `{${Object.entries(logs)
        .map(([name, value]) => `'${name}': ${Python.float(value)}`)
        .join(", ")}}`
    )
})
