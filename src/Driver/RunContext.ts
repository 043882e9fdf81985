/** What an open run consists of: its fixed parts, and one cell that holds all that changes. */
import { type Cause, type Effect, MutableRef } from "effect"
import type { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import type { Batch } from "../Data/Loader.ts"
import type { Result } from "../Evaluation/Evaluation.ts"
import type { Logger } from "../Layer/Logger/Logger.ts"
import type * as Plan from "../Schedule/Plan.ts"
import type { TrainerState } from "../TrainerState.ts"
import type * as CallbackSet from "./CallbackSet.ts"
import type { CheckpointWriter } from "./CheckpointWriter.ts"
import type { RunError } from "./Errors.ts"
import type { RunLog } from "./RunLog.ts"
import type { Options } from "./RunOptions.ts"
import type { RunMetrics } from "./RunTelemetry.ts"
import type { TrainingTask } from "./TrainingTask.ts"
import type { TrainingWeights } from "./TrainingWeights.ts"

/** All that changes in a run beside the weights on the device, the log and the files, each of which has its owner. */
export interface RunState<E> {
  /** The event that is not answered yet, or the state at the end. A checkpoint written now must hold its `resumeState`. */
  readonly now: IteratorResult<Plan.Event, TrainerState>
  /** Whether the weights must not be saved: they are not finite, or the best instead of the last. */
  readonly noMoreSaves: boolean
  /** What ended the run before its end. */
  readonly failure: Cause.Cause<RunError | E> | undefined
  /** Whether the events have a reader. */
  readonly reading: boolean
  /** Whether the run's scope has closed. */
  readonly closed: boolean
  /** Who requested the end of the run: an observer, or a callback by its name. */
  readonly stopRequestedBy: string | undefined
  /** The evaluation that is being reported. */
  readonly evaluation: Result | undefined
  /** Tokens of the main input in this attempt, padding included. */
  readonly tokensRead: number
  /** Updates since the last log with a NaN or infinite loss or gradient norm that a warning has reported. */
  readonly nonFiniteReported: number
  /** Micro-batches of the update in progress, by number in the epoch: one that is read again replaces itself. */
  readonly batches: ReadonlyMap<number, Batch>
}

export interface RunContext<E, R> {
  readonly task: TrainingTask
  readonly plan: Plan.Plan
  readonly options: Options<E, R>
  /** The state at the start of this attempt. */
  readonly start: TrainerState
  readonly store: CheckpointStore["Service"]
  readonly logger: Logger["Service"]
  readonly log: RunLog
  readonly weights: TrainingWeights
  readonly writer: CheckpointWriter
  readonly callbacks: CallbackSet.Callbacks<E, R>
  readonly metrics: RunMetrics
  /** Ends the measurement of this attempt's memory. */
  readonly memory: Effect.Effect<Readonly<Record<string, number>>>
  /** The loop, always one question ahead of the answers. */
  readonly loop: ReturnType<typeof Plan.play>
  readonly cell: MutableRef.MutableRef<RunState<E>>
}

/** The state of a run before its first event is answered. */
export const initial = (now: IteratorResult<Plan.Event, TrainerState>): RunState<never> => ({
  now,
  noMoreSaves: false,
  failure: undefined,
  reading: false,
  closed: false,
  stopRequestedBy: undefined,
  evaluation: undefined,
  tokensRead: 0,
  nonFiniteReported: 0,
  batches: new Map()
})

/** Reads the run's state. */
export const get = <E, R>({ cell }: RunContext<E, R>): RunState<E> => MutableRef.get(cell)

/** Changes some fields of the run's state. */
export const set = <E, R>({ cell }: RunContext<E, R>, fields: Partial<RunState<E>>): void => {
  MutableRef.set(cell, { ...MutableRef.get(cell), ...fields })
}
