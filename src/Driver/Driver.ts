/** The entry of the driver: tasks, and their training as a stream or to the end. */
import { Effect, Stream } from "effect"
import type { Loader } from "../Data/Loader.ts"
import { defined } from "../Defined.ts"
import type { CollectOptions } from "../Evaluation/CollectOptions.ts"
import type { DeviceError } from "../Layer/Device/Device.ts"
import * as MeanLoss from "../Metrics/MeanLoss.ts"
import * as Metric from "../Metrics/Metric.ts"
import { type Model, trainableOf } from "../Model/Model.ts"
import type { Event, Plan } from "../Schedule/Plan.ts"
import { perToken, type Reduction } from "../Step/Reduction.ts"
import type * as Callback from "./Callback.ts"
import type { RunError } from "./Errors.ts"
import { type Options, type Run, type Services, start, type TrainResult } from "./Run.ts"
import { defaultGrace } from "./RunOptions.ts"
import * as Timeouts from "./Timeouts.ts"
import { setName, type TaskConfig, type TrainingTask } from "./TrainingTask.ts"

export {
  type EvaluationError,
  evaluate,
  type Predicted,
  type Prediction,
  predict,
  predictAll,
  type Result
} from "../Evaluation/Evaluation.ts"
export { type From, find } from "./ResumeFrom.ts"
export { type Options, type Run, type Services, start, type TrainResult } from "./Run.ts"
export type { RunError, TaskConfig, TrainingTask }

/**
 * Makes a task from a model and its data.
 *
 * `metrics` are added up, `collect` says what else an evaluation does; `reduction` says how losses are averaged (`perToken` by
 * default); `maxGradNorm` (default 1) is the global L2 norm that gradients are clipped to, 0 for none; `seed` (default 42) is
 * that of the initial weights and of all random numbers in the steps.
 */
export const task = (
  options: TaskConfigOptions & { readonly train: Loader; readonly evaluation?: Loader | Readonly<Record<string, Loader>> }
): TrainingTask => ({ ...taskConfig(options), train: options.train, evaluation: sets(options.evaluation ?? {}) })

export interface TaskConfigOptions {
  readonly model: Model
  readonly metrics?: ReadonlyArray<Metric.Metric<unknown>>
  readonly collect?: CollectOptions
  readonly reduction?: Reduction
  readonly maxGradNorm?: number
  readonly trainable?: (path: string) => boolean
  readonly seed?: number
}

/** Makes what a task is without its data; what is left out has the defaults of `task`. */
export const taskConfig = (options: TaskConfigOptions): TaskConfig => ({
  model: options.model,
  metrics: Metric.all([MeanLoss.make(options.reduction), ...(options.metrics ?? [])]),
  ...defined({ collect: options.collect }),
  reduction: options.reduction ?? perToken,
  maxGradNorm: options.maxGradNorm ?? 1,
  trainable: trainableOf(options.model, options.trainable),
  seed: options.seed ?? 42
})

/**
 * Trains, as a stream of events that is pulled: the run goes on as the stream is read, starts again from the newest
 * checkpoint when the stream is run again, and saves its state when the stream is left early.
 *
 * Retry with `Effect.retry` around `train`, not with `Stream.retry`, which forgets its count at the first event.
 */
export const events = <E = never, R = never, C extends Callback.Any = never>(
  task: TrainingTask,
  plan: Plan,
  options?: Callback.Accepting<Options<E, R>, C>
): Stream.Stream<Event, RunError | E | Callback.ErrorsOf<C>, Services | R | Callback.ServicesOf<C>> => {
  const all = options as Options<E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>> | undefined
  return Stream.unwrap(Effect.map(start(task, plan, all), (run) => run.events))
}

/**
 * Trains to the end of the plan, from the newest checkpoint of the store if there is one.
 *
 * **Law**: a run that is interrupted anywhere and trained again ends in the same weights, state and canonical log as one that
 * was not (test/property/resume.test.ts).
 */
export const train = Effect.fn("Trainer.train")(function* <E = never, R = never, C extends Callback.Any = never>(
  task: TrainingTask,
  plan: Plan,
  given?: Callback.Accepting<Options<E, R>, C>
): Effect.fn.Return<TrainResult, RunError | E | Callback.ErrorsOf<C>, Services | R | Callback.ServicesOf<C>> {
  const options = given as Options<E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>> | undefined
  return yield* Effect.scoped(
    // the result of a finished training is returned, whatever signal comes
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const run = yield* restore(start(task, plan, options))
        yield* restore(Stream.runDrain(run.events))
        const outcome = yield* report(run)
        if (options?.onEnd !== undefined) yield* Timeouts.finish(options.onEnd(outcome), options.grace ?? defaultGrace)
        return outcome
      })
    )
  )
})

/** Reads the result of a run. */
export const report = <E, R>(run: Run<E, R>): Effect.Effect<TrainResult, DeviceError> =>
  Effect.all({ state: run.state, weights: run.weights, history: run.history })

/** One loader is the set `eval`; several are `eval_<name>`. */
const sets = (evaluation: Loader | Readonly<Record<string, Loader>>): Readonly<Record<string, Loader>> =>
  isLoader(evaluation)
    ? { eval: evaluation }
    : Object.fromEntries(Object.entries(evaluation).map(([name, loader]) => [setName(name), loader]))

const isLoader = (evaluation: Loader | Readonly<Record<string, Loader>>): evaluation is Loader =>
  typeof evaluation.batch === "function"
