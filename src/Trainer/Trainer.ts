/** The trainer: a task, played by a plan in a world of Layers. */
import { Effect, Stream } from "effect"
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import type { Loader } from "../Data/Loader.ts"
import * as MeanLoss from "../Metrics/MeanLoss.ts"
import * as Metric from "../Metrics/Metric.ts"
import type { Model } from "../Model/Model.ts"
import type { Event, Plan } from "../Schedule/Plan.ts"
import { perToken, type Reduction } from "../Step/Reduction.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { TrainerState } from "../TrainerState.ts"
import type { RunError } from "./Errors.ts"
import { type Options, start, type World } from "./Run.ts"
import type { Task } from "./Task.ts"

export { evaluate, type Prediction, predict, type Result } from "./Evaluation.ts"
export { type Options, type Run, start, type World } from "./Run.ts"
export { type From, find } from "./Start.ts"
export type { RunError, Task }

/** What a finished run leaves. */
export interface Report {
  readonly state: TrainerState
  readonly weights: HostWeights
  /** The canonical log, oldest first. */
  readonly history: Checkpoint["history"]
}

/**
 * Makes a task from a model and its data.
 *
 * `metrics` are added up; `reduction` says how losses are averaged (`perToken` by default); `maxGradNorm` (default 1)
 * is the global L2 norm that gradients are clipped to, 0 for none; `seed` (default 42) is that of the initial weights
 * and of all random numbers in the steps.
 */
export const task = (options: {
  readonly model: Model
  readonly train: Loader
  readonly evaluation?: Loader | Readonly<Record<string, Loader>>
  readonly metrics?: ReadonlyArray<Metric.Metric<unknown>>
  readonly reduction?: Reduction
  readonly maxGradNorm?: number
  readonly trainable?: (path: string) => boolean
  readonly seed?: number
}): Task => ({
  model: options.model,
  train: options.train,
  evaluation: sets(options.evaluation ?? {}),
  metrics: Metric.all([MeanLoss.make(options.reduction), ...(options.metrics ?? [])]),
  reduction: options.reduction ?? perToken,
  maxGradNorm: options.maxGradNorm ?? 1,
  trainable: options.trainable ?? (() => true),
  seed: options.seed ?? 42
})

/**
 * Trains, as a stream of events that is pulled: the run goes on as the stream is read, starts again from the newest
 * checkpoint when the stream is run again, and saves its state when the stream is left early.
 *
 * Retry with `Effect.retry` around `train`, not with `Stream.retry`, which forgets its count at the first event.
 */
export const events = <E = never, R = never>(
  task: Task,
  plan: Plan,
  options?: Options<E, R>
): Stream.Stream<Event, RunError | E, World | R> => Stream.unwrap(Effect.map(start(task, plan, options), (run) => run.events))

/**
 * Trains to the end of the plan, from the newest checkpoint of the store if there is one.
 *
 * **Law**: a run that is cut anywhere and trained again ends in the same weights, state and canonical log as one that
 * was not (test/property/resume.test.ts).
 */
export const train = Effect.fn("Trainer.train")(function* <E = never, R = never>(
  task: Task,
  plan: Plan,
  options?: Options<E, R>
): Effect.fn.Return<Report, RunError | E, World | R> {
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const run = yield* start(task, plan, options)
      yield* Stream.runDrain(run.events)
      return { state: yield* run.state, weights: yield* run.weights, history: yield* run.history }
    })
  )
})

/** One loader is the set `eval`; several are `eval_<name>`. */
const sets = (evaluation: Loader | Readonly<Record<string, Loader>>): Readonly<Record<string, Loader>> =>
  isLoader(evaluation)
    ? { eval: evaluation }
    : Object.fromEntries(Object.entries(evaluation).map(([name, loader]) => [name === "eval" ? name : `eval_${name}`, loader]))

const isLoader = (evaluation: Loader | Readonly<Record<string, Loader>>): evaluation is Loader =>
  typeof evaluation.batch === "function"
