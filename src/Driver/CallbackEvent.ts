/** What a callback's handlers are called with and what they may return, by Hugging Face's names of the events. */
import { type Effect, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { EventOf, Metrics, Requests, Tag } from "../Schedule/Event.ts"
import type { CurrentRun } from "./CurrentRun.ts"

/** The values being logged, under the log's names, with the `epoch`; empty at events that log nothing. */
export type Logs = Readonly<Record<string, number>>

/** The handlers and the events that they are called at. `onLog` is called for training, for evaluations and for the summary at the end. */
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

export const tags: { readonly [Name in keyof EventTags]: ReadonlyArray<Tag> } = {
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

/** An event with the logs and the run; `state.globalStep` is Python's name of `state.step`, and the `metrics` of `onEvaluate` have runtime and speeds. */
export type CallbackEvent<T extends Tag, Run = CurrentRun> = EventOf<T> & {
  readonly logs: Logs
  readonly run: Run
  readonly state: { readonly globalStep: number }
}

/** One request or several, and the callback's next state (unchanged if omitted). */
export interface CallbackReply<T extends Tag, S> {
  readonly ask?: Requests[T] | ReadonlyArray<Requests[T]>
  readonly state?: S
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a reply need not return
type Perhaps<A> = A | void
export type Replied<T extends Tag, S> = Perhaps<CallbackReply<T, S>>

/** A value, a promise of it, or an Effect of it. */
export type Given<A, E, R> = A | PromiseLike<A> | Effect.Effect<A, E, R>

/** Handles an event, given the callback's state. The run waits for its reply. */
export type Handler<T extends Tag, S, E = unknown, R = unknown> = (
  event: CallbackEvent<T>,
  state: S
) => Given<Replied<T, S>, E, R>

/** A batch of an evaluation or a prediction was processed. */
export interface PredictionStep {
  readonly set: string
  /** Batches processed, and in all (`Infinity` for a stream of unknown length). */
  readonly done: number
  readonly total: number
}

/** Handlers that can neither ask nor keep state: evaluations and predictions also run outside of a training. */
export interface Watchers {
  readonly onPredictionStep: PredictionStep
  readonly onPredict: Metrics
}

export type Handlers<S, E = unknown, R = unknown> = { readonly [Name in keyof EventTags]?: Handler<EventTags[Name], S, E, R> } & {
  readonly [Name in keyof Watchers]?: (event: Watchers[Name]) => Given<unknown, E, R>
}

type Returned<H> = {
  [Name in keyof H]-?: NonNullable<H[Name]> extends (...args: never) => infer A
    ? Extract<A, Effect.Effect<unknown, unknown, unknown>>
    : never
}[keyof H]

/** The errors of the Effects that handlers return, as a union. */
export type Errors<H> = Effect.Error<Returned<H>>

/** The services that the Effects of handlers require, as a union. */
export type Services<H> = Effect.Services<Returned<H>>

/** A handler threw, or its promise was rejected. */
export class CallbackFailed extends Schema.TaggedError<CallbackFailed>()("CallbackFailed", {
  callback: Schema.String,
  event: Schema.String,
  cause: Schema.Unknown
}) {
  override get message() {
    return `callback "${this.callback}" failed at ${this.event}: ${messageOf(this.cause)}`
  }
}
