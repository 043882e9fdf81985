/** What happens in a run, in the order of Hugging Face's callbacks; what may be asked for at each event, and what each question is answered with. */
import type { Asked, Callbacks, Consumed, TrainerState } from "../TrainerState.ts"

export type Metrics = Readonly<Record<string, number>>

/** What an observer may ask for. Each event's type says which of these it can still honour. */
export type Request = keyof Asked | "stopEpoch" | "stopRun"
type Stops = "stopEpoch" | "stopRun"

interface Base<Tag extends string> {
  readonly _tag: Tag
  readonly state: TrainerState
  /** What a checkpoint written now must hold: a run interrupted while this event is being answered resumes from it. */
  readonly resumeState: TrainerState
}
interface InSet {
  readonly set: string
}

/** What happens, in the order of Hugging Face's callbacks. `Microbatch`, `Updating`, `Logged` and `Evaluate` are questions. */
export type Event =
  | Base<"Initialized">
  | Base<"Started">
  | Base<"EpochStarted">
  | Base<"Microbatch">
  | Base<"StepStarted">
  | Base<"SubstepEnded">
  | Base<"Updating">
  | Base<"Updated">
  | Base<"StepEnded">
  | Base<"Logged">
  | (Base<"Evaluate"> & InSet)
  | (Base<"EvaluationLogged"> & InSet)
  | (Base<"Evaluated"> & InSet & { readonly metrics: Metrics })
  | Base<"Saved">
  | Base<"EpochEnded">
  | Base<"Stalled">
  | Base<"Summary">
  | Base<"Finished">
export type Tag = Event["_tag"]
export type EventOf<T extends Tag> = Extract<Event, { readonly _tag: T }>

/**
 * The requests that an event can still honour: a log asked for after the log would be lost, so it does not type-check.
 *
 * **Law**: none of these is ever lost (test/property/requests.test.ts). A log of a step that has been logged, and the stop of an epoch that is over, are done already.
 */
export interface Requests {
  readonly Initialized: never
  readonly Started: "evaluate" | "save" | "stopRun"
  readonly EpochStarted: Stops
  readonly Microbatch: never
  readonly StepStarted: Request
  readonly SubstepEnded: Request
  readonly Updating: Request
  readonly Updated: Request
  readonly StepEnded: Request
  readonly Logged: "evaluate" | "save" | Stops
  readonly Evaluate: never
  readonly EvaluationLogged: "save" | Stops
  readonly Evaluated: "save" | Stops
  readonly Saved: Stops
  readonly EpochEnded: "log" | "evaluate" | "save" | "stopRun"
  readonly Stalled: never
  readonly Summary: never
  readonly Finished: never
}

/** The answers that questions need: whether there is a batch, what an update consumed, the losses since the last log, an evaluation's metrics. */
export interface Answers {
  readonly Microbatch: boolean
  readonly Updating: Consumed
  /** Sum of the losses of the updates since the last log, in nats. */
  readonly Logged: number
  readonly Evaluate: Metrics
}
export type AnswerOf<T extends Tag> = T extends keyof Answers ? Answers[T] : undefined

/** The reply to an event: its answer, and the requests of observers. */
export interface Reply<T extends Tag = Tag> {
  readonly answer: AnswerOf<T>
  readonly requests?: ReadonlyArray<Requests[T]>
  /** The state of callbacks from here on. Default: unchanged. */
  readonly callbacks?: Callbacks
}

/** Events that are neither questions nor about an evaluation set. */
export type Plain = Exclude<Tag, keyof Answers | "Evaluated" | "EvaluationLogged">
