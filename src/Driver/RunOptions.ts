/** Options of a run, its required services, and its results. */
import type { Duration, Effect } from "effect"
import type { Checkpoint, CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import type { Device } from "../Layer/Device/Device.ts"
import type { Logger } from "../Layer/Logger/Logger.ts"
import type { Optimizer } from "../Layer/Optimizer.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { TrainerState } from "../TrainerState.ts"
import type * as BatchTotals from "./BatchTotals.ts"
import type { Callback } from "./Callback.ts"
import type * as CurrentRun from "./CurrentRun.ts"
import type { MemoryReport } from "./MemoryReport.ts"
import type * as NonFinite from "./NonFinite.ts"
import * as Observer from "./Observer.ts"
import type * as ResumeFrom from "./ResumeFrom.ts"

/** The services that every run requires. */
export type Services = Device | Optimizer | CheckpointStore | Logger

export interface Options<E = never, R = never> extends CurrentRun.FrontEnd {
  readonly observe?: Observer.Observer<E, R>
  /** Called at events, after the observer; their state is part of the training state. */
  readonly callbacks?: ReadonlyArray<Callback<E, R>>
  /** Where to start: at a checkpoint (default: the newest of the store), or at step 0, from the given weights or the model's own. */
  readonly from?: ResumeFrom.From | StartingWeights
  /** On resume, start the epoch's data again instead of seeking (`ignore_data_skip`). */
  readonly ignoreDataSkip?: boolean
  /** Write checkpoints while training continues, one at a time. The snapshot is taken in the loop. */
  readonly background?: boolean
  /**
   * Write checkpoints of the model alone, without the optimizer's slots (`save_only_model`): smaller, and no run can resume from them. The state of an
   * interrupted run is written in full all the same.
   */
  readonly saveOnlyModel?: boolean
  /** How long saving may take when a run is interrupted, `onInterrupt` included. Default: 1 minute. */
  readonly grace?: Duration.Input
  /**
   * What to do about an update whose loss or gradient norm is NaN or infinite: "fail" (the default), "skip" the update, "filter" its loss from the logged
   * mean (`logging_nan_inf_filter`; the weights do change; the whole loss of an update, where the Trainer leaves out that of a micro-batch), or "continue"
   * and log it. All but "fail" warn at the next log or save.
   */
  readonly nonFinite?: NonFinite.Policy
  /**
   * Check every tensor of every update, and stop at the first that holds a NaN or an infinity, with the kernels that led to it (`debug`:
   * "underflow_overflow"). Slow; it needs a device that reads tensors synchronously (cpu, wasm). **Errors**: `NonFiniteTensor`.
   */
  readonly traceNonFinite?: boolean
  /** Count the tokens of the model's main input, and log them with their speed (`include_num_input_tokens_seen`). Default: no. */
  readonly inputTokens?: BatchTotals.Tokens
  /** Report the tokens per second at the end (`include_tokens_per_second`). */
  readonly tokensPerSecond?: boolean
  /** Report the memory used by the run at its end (`skip_memory_metrics` set to false). */
  readonly memory?: MemoryReport
  /** Called when a run is interrupted, after its state was saved. */
  readonly onInterrupt?: (interruption: Interruption) => Effect.Effect<void>
  /** More keys for `trainer_state.json` at a state (`StateFile.make`); `saved` is the state at the last save, if that is another, or null. */
  readonly trainerState?: (state: TrainerState, saved?: TrainerState | null) => Readonly<Record<string, unknown>>
  /** More files for each checkpoint, by name: the model's config, a tokenizer. */
  readonly files?: Readonly<Record<string, string>>
  /** Called with the open run, before its first event; what it gives is valid until the run's scope closes. */
  readonly onStart?: (run: Opened) => Effect.Effect<void>
  /** Called with the run's result at its end. An interruption waits for it, up to `grace`. */
  readonly onEnd?: (result: TrainResult) => Effect.Effect<void>
  /** Shown by the loggers once, at the start. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** An open run: views of its present weights, the state of its current event, and the canonical log so far. */
export interface Opened extends CurrentRun.Views {
  readonly state: () => TrainerState
  readonly history: () => Checkpoint["history"]
}

/** Host weights to start from at step 0, such as those of a training before: the optimizer begins anew. */
export interface StartingWeights {
  readonly weights: Pick<HostWeights, "parameters"> & Partial<HostWeights>
  readonly state?: never
}

/** Tells the two kinds of starts apart. */
export const startOf = (
  from: ResumeFrom.From | StartingWeights = "newest"
): { readonly from: ResumeFrom.From; readonly given?: { readonly initial: StartingWeights["weights"] } } =>
  typeof from === "object" && from.state === undefined ? { from: "scratch", given: { initial: from.weights } } : { from }

/** The default of `grace`. */
export const defaultGrace: Duration.Input = "1 minute"

/** Where a run was interrupted. */
export interface Interruption {
  readonly step: number
  /** Whether its state is on disk, or there is none yet (before the first update). */
  readonly safe: boolean
  /** Writes a text entry to the run's log. */
  readonly say: (text: string) => Effect.Effect<void>
}

/** The result of a finished run. */
export interface TrainResult {
  readonly state: TrainerState
  readonly weights: HostWeights
  /** The canonical log, oldest first. */
  readonly history: Checkpoint["history"]
}

/** Joins the options of a run with those of its caller, which take precedence. Observers and callbacks of both are called. */
export const merge = <E, R, E2, R2>(own: Options<E, R>, given: Options<E2, R2>): Options<E | E2, R | R2> => {
  const observers = [own.observe, given.observe].filter((observe) => observe !== undefined)
  return {
    ...own,
    ...given,
    callbacks: [...(own.callbacks ?? []), ...(given.callbacks ?? [])],
    ...(observers.length === 0 ? {} : { observe: Observer.all(...observers) })
  }
}
