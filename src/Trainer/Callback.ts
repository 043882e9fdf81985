/** A callback is told what happens in a run, and answers with what it asks for and what it remembers: the page's callbacks, as values. */
import { Console, Effect, type Schema } from "effect"
import type { EarlyStopping } from "../Arguments/Compile.ts"
import * as Python from "../Metrics/Format/Python.ts"
import type { EventOf, Metrics, Requests, Tag } from "../Schedule/Event.ts"

/** What is being logged, under the log's names, with the `epoch`; empty at events that log nothing. */
export type Logs = Readonly<Record<string, number>>

/** The page's names of the events. `onLog` hears of training, of evaluations and of the end. */
export interface Heard {
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

/** An event as callbacks hear it. */
export type Told<T extends Tag> = EventOf<T> & { readonly logs: Logs }

/** What is asked for, and what is remembered from here on (what was remembered before, where it is left out). */
export interface Answer<T extends Tag, S> {
  readonly ask?: ReadonlyArray<Requests[T]>
  readonly memory?: S
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that answers nothing need not return
type Perhaps<A> = A | void
type Answered<T extends Tag, S> = Perhaps<Answer<T, S>>

/** Hears of an event, with what the callback remembers. */
export type Handler<T extends Tag, S, E, R> = (event: Told<T>, memory: S) => Answered<T, S> | Effect.Effect<Answered<T, S>, E, R>

/** A batch of an evaluation or a prediction is done. */
export interface PredictionStep {
  readonly set: string
  /** Batches done, and in all (`Infinity` when nobody knows). */
  readonly done: number
  readonly total: number
}

/** What watches evaluations and predictions, which have no state that could be asked for something. */
export interface Watching<E, R> {
  readonly onPredictionStep?: (step: PredictionStep) => Perhaps<Effect.Effect<unknown, E, R>>
  readonly onPredict?: (metrics: Metrics) => Perhaps<Effect.Effect<unknown, E, R>>
}

export type Handlers<S, E, R> = { readonly [Name in keyof Heard]?: Handler<Heard[Name], S, E, R> } & Watching<E, R>

/** What a callback remembers: its form, as JSON in checkpoints (plain JSON as it is, where it is left out), and how it begins. */
export interface Memory<S> {
  readonly schema?: Schema.Codec<S, unknown>
  readonly initial: S
}

export interface Callback<E = never, R = never> extends Watching<E, R> {
  readonly _tag: "Callback"
  /** The name under which checkpoints keep its memory, and by which it can be removed. */
  readonly name: string
  /** Its memory's form; undefined for one that remembers nothing. */
  readonly memory: Memory<unknown> | undefined
  readonly hears: ReadonlySet<Tag>
  readonly tell: (event: Told<Tag>, memory: unknown) => Effect.Effect<Answer<Tag, unknown>, E, R>
  /** Set for early stopping, which a plan does for it. */
  readonly earlyStopping?: EarlyStopping
}

const tags: { readonly [Name in keyof Heard]: ReadonlyArray<Tag> } = {
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
 * Makes a callback from handlers. A handler answers with what it asks for and what it remembers, or with an Effect of that, or with nothing. What may
 * be asked for is typed by the event.
 *
 * **Law**: a run that is cut anywhere and goes on remembers what one that was not cut does (test/property/play.test.ts), but for what is remembered at
 * `onSave`, which is in the next checkpoint. What is remembered at `onInitEnd`, `onTrainBegin`, `onTrainEnd` and the last log, which come again
 * with each start, is not kept.
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
  options: Handlers<NoInfer<S>, E, R> & { readonly name?: string; readonly memory?: Memory<S> }
): Callback<E, R> => {
  const handlers = new Map<Tag, Handler<Tag, S, E, R>>()
  for (const [name, heard] of Object.entries(tags) as ReadonlyArray<[keyof Heard, ReadonlyArray<Tag>]>) {
    const handler = options[name] as Handler<Tag, S, E, R> | undefined
    if (handler !== undefined) for (const tag of heard) handlers.set(tag, handler)
  }
  return {
    _tag: "Callback",
    name: options.name ?? "Callback",
    memory: options.memory as Memory<unknown> | undefined,
    hears: new Set(handlers.keys()),
    tell: (event, memory) =>
      Effect.suspend(() => {
        const answered = handlers.get(event._tag)?.(event, memory as S)
        return Effect.isEffect(answered) ? Effect.map(answered, orNothing) : Effect.succeed(orNothing(answered))
      }),
    ...(options.onPredictionStep === undefined ? {} : { onPredictionStep: options.onPredictionStep }),
    ...(options.onPredict === undefined ? {} : { onPredict: options.onPredict })
  }
}

const orNothing = <T extends Tag, S>(answered: Answered<T, S>): Answer<T, S> => answered ?? {}

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
