/** Compiles arguments to a plan and an optimizer, from the same public schedules, triggers and optimizers that can be used directly. */
import { Result } from "effect"
import { defined } from "../Defined.ts"
import * as Optimizers from "../Optimizer/Optimizers.ts"
import type { Transformation } from "../Optimizer/Transformation.ts"
import type { Mask } from "../Optimizer/WeightDecay.ts"
import * as Horizon from "../Schedule/Horizon.ts"
import type { Plan } from "../Schedule/Plan.ts"
import * as Retention from "../Schedule/Retention.ts"
import * as Schedule from "../Schedule/Schedule.ts"
import * as Trigger from "../Schedule/Trigger.ts"
import { type Arguments, type ArgumentsError, ContradictoryArguments, goal, NotSupported, supported } from "./Arguments.ts"
import { evalSteps } from "./Derived.ts"
import { isSupported, missingFeatureOf, type Optim } from "./Fields/Optim.ts"
import * as GaLoreArguments from "./GaLoreArguments.ts"
import * as Scheduler from "./Scheduler.ts"

/** What the plan needs to know about the data. */
export interface Sizes {
  /** Micro-batches in an epoch; `Infinity` for a stream. */
  readonly batchesPerEpoch: number
  /** Evaluation sets, in order, by the prefix of their metrics (`eval`, or `eval_<name>`). */
  readonly sets: ReadonlyArray<string>
  readonly earlyStopping?: EarlyStopping
}

/** **Unit**: `patience` in evaluations, `threshold` in the metric's. */
export interface EarlyStopping {
  readonly patience: number
  readonly threshold: number
}

/** Arguments in updates, once the size of the data is known: ratios of the run are converted. */
export interface Resolved {
  readonly horizon: Horizon.Horizon
  readonly loggingSteps: number
  readonly evalSteps: number
  readonly saveSteps: number
  readonly warmupSteps: number
}

/**
 * Resolves the length of the run and the intervals of logs, evaluations and saves. A ratio of the run such as 0.1 is `ceil(0.1 * max_steps)` updates.
 *
 * **Source**: `TrainerState.compute_steps`, `get_warmup_steps`; 1.0 is every update, not the whole run.
 */
export const resolve = (args: Arguments, { batchesPerEpoch }: Pick<Sizes, "batchesPerEpoch">): Resolved => {
  const horizon = horizonOf(args, batchesPerEpoch)
  const absolute = (every: number) => (every < 1 ? Math.max(1, Math.ceil(horizon.maxSteps * every)) : every)
  return {
    horizon,
    loggingSteps: absolute(args.loggingSteps),
    evalSteps: absolute(evalSteps(args) || 500),
    saveSteps: absolute(args.saveSteps),
    warmupSteps: getWarmupSteps(args, horizon.maxSteps)
  }
}

/** Gives the number of warm-up steps. **Source**: `get_warmup_steps`. */
export const getWarmupSteps = (args: Arguments, numTrainingSteps: number): number =>
  args.warmupSteps > 0 ? args.warmupSteps : Math.ceil(numTrainingSteps * args.warmupRatio)

/**
 * Checks that evaluation data exists if arguments need it, before any data is opened.
 *
 * **Errors**: fails with `ContradictoryArguments` if evaluations are requested without evaluation data.
 */
export const checkEvaluation = (
  args: Arguments,
  has: { readonly evaluates: boolean }
): Result.Result<void, ContradictoryArguments> => {
  if (!has.evaluates && args.evalStrategy !== "no")
    return refuse(
      ["eval_strategy"],
      `eval_strategy is "${args.evalStrategy}", but there is no evaluation data. Give some, or set it to "no".`
    )
  if (!has.evaluates && args.evalOnStart)
    return refuse(["eval_on_start"], "eval_on_start is set, but there is no evaluation data. Give some, or leave it out.")
  return Result.void
}

/**
 * Compiles arguments to a plan.
 *
 * **Errors**: fails with `NotSupported` for a value that is not supported, and with `ContradictoryArguments` if arguments and data contradict each other: a stream without max_steps, an epoch without a batch,
 * early stopping without a metric.
 *
 * **Source**: `DefaultFlowCallback`, `EarlyStoppingCallback`, `create_scheduler`; reproduces every run of test/golden/cadence.json exactly.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments, Compile, Plan } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ numTrainEpochs: 2, saveStrategy: "epoch", learningRate: 1e-3 }))
 * const plan = Result.getOrThrow(Compile.plan(args, { batchesPerEpoch: 10, sets: [] }))
 * assert.deepEqual(Result.getOrThrow(Plan.simulate(plan)).state.checkpoints, [10, 20])
 * ```
 */
export const plan = (args: Arguments, sizes: Sizes): Result.Result<Plan, ArgumentsError> =>
  Result.gen(function* () {
    yield* supported(args)
    yield* checkEvaluation(args, { evaluates: sizes.sets.length > 0 })
    return yield* checked(args, sizes)
  })

/** Compiles arguments that are supported, and have the evaluation data that they need, as `plan` does. */
export const checked = (args: Arguments, sizes: Sizes): Result.Result<Plan, ArgumentsError> =>
  Result.gen(function* () {
    yield* checkSizes(args, sizes)
    const { evalSteps, horizon, loggingSteps, saveSteps, warmupSteps } = resolve(args, sizes)
    const metric = goal(args)
    const finished = Schedule.reached("1dur")
    const best = metric === null ? Schedule.constant(null) : Schedule.bestStep(metric)
    const learningRate = yield* Scheduler.make(args.lrSchedulerType, args.lrSchedulerKwargs, {
      peak: args.learningRate,
      warmup: warmupSteps,
      total: horizon.maxSteps,
      metric: metric?.metric ?? "eval_loss"
    })
    const log = { no: Trigger.never, steps: Trigger.every(loggingSteps), epoch: Trigger.epochEnd }
    const evaluate = {
      no: Trigger.never,
      steps: Trigger.when(Trigger.every(evalSteps), (state) => state.step >= args.evalDelay),
      epoch: Trigger.when(Trigger.epochEnd, (state) => state.epoch >= args.evalDelay)
    }
    const save = {
      no: Trigger.never,
      steps: Trigger.or(Trigger.every(saveSteps), Trigger.onset(finished)),
      epoch: Trigger.epochEnd,
      best: Trigger.changes(best)
    }
    const earlyStopping = metric === null || sizes.earlyStopping === undefined ? undefined : { ...metric, ...sizes.earlyStopping }
    return {
      horizon,
      learningRate,
      log: Trigger.or(log[args.loggingStrategy], args.loggingFirstStep ? Trigger.reaches(1) : Trigger.never),
      evaluate: evaluate[args.evalStrategy],
      save: save[args.saveStrategy],
      stop: earlyStopping === undefined ? Schedule.constant(false) : Schedule.impatient(earlyStopping),
      ...defined({ patience: earlyStopping }),
      best: args.saveStrategy === "no" ? Schedule.constant(null) : best,
      retention: (args.saveTotalLimit ?? 0) > 0 ? Retention.keepLast(args.saveTotalLimit!) : Retention.keepAll,
      restoreBest: args.loadBestModelAtEnd,
      evaluateOnStart: args.evalOnStart,
      watches: metric === null || args.evalStrategy === "no" ? [] : [metric.metric],
      sets: sizes.sets
    }
  })

/**
 * Makes the optimizer named by `optim`. `decays` selects the parameters with weight decay and defaults to `WeightDecay.matrices`, as in the Trainer. GaLore's
 * optimizers ignore `weight_decay`, as in the Trainer.
 *
 * **Errors**: throws `NotSupported` for an optimizer that is not implemented; `Arguments.supported` and `plan` find it earlier.
 *
 * **Source**: `optim`, `optim_args`, `optim_target_modules`, `weight_decay`, `adam_*`; `Trainer.get_optimizer_cls_and_kwargs`. Lion takes Adam's betas.
 *
 * @example
 * ```ts
 * import { Arguments, Compile } from "regimen"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 *
 * const args = Result.getOrThrow(Arguments.make({ optim: "lion_32bit", weightDecay: 0.1 }))
 * assert.deepEqual(Compile.optimizer(args).links?.map((link) => link.name), ["lion", "weight_decay", "learning_rate"])
 * ```
 */
export const optimizer = (args: Arguments, decays?: Mask): Transformation => {
  const decay = { weightDecay: args.weightDecay, ...defined({ decays }) }
  const betas = { beta1: args.adamBeta1, beta2: args.adamBeta2 }
  const adam = { ...betas, epsilon: args.adamEpsilon }
  const galore = () => Result.getOrThrow(GaLoreArguments.fromInput(args))!
  const makers: Readonly<Record<Optim, () => Transformation>> = {
    adamw_torch_fused: () => Optimizers.adamw({ ...adam, ...decay }),
    adamw_torch: () => Optimizers.adamw({ ...adam, ...decay }),
    sgd: () => Optimizers.sgd(decay),
    adagrad: () => Optimizers.adagrad(decay),
    rmsprop: () => Optimizers.rmsprop(decay),
    adafactor: () => Optimizers.adafactor({ relativeStep: false, scaleParameter: false, ...decay }),
    lion_32bit: () => Optimizers.lion({ ...betas, ...decay }),
    galore_adamw: () => Optimizers.galoreAdamw({ ...adam, ...galore() }),
    galore_adafactor: () => Optimizers.galoreAdafactor(galore())
  }
  if (!isSupported(args.optim)) throw new NotSupported({ argument: "optim", value: args.optim, ...missingFeatureOf(args.optim)! })
  return makers[args.optim]()
}

/** As in the Trainer, a stream is one epoch of as many micro-batches as `max_steps` needs, however often the data are repeated. */
const horizonOf = (args: Arguments, batchesPerEpoch: number): Horizon.Horizon => {
  const { gradientAccumulationSteps: accumulation, maxSteps } = args
  if (!Number.isFinite(batchesPerEpoch))
    return { maxSteps, epochs: Infinity, batchesPerEpoch: maxSteps * accumulation, accumulation }
  return Horizon.make({ batchesPerEpoch, accumulation, ...(maxSteps > 0 ? { maxSteps } : { epochs: args.numTrainEpochs }) })
}

const checkSizes = (args: Arguments, { batchesPerEpoch, earlyStopping }: Sizes): Result.Result<void, ContradictoryArguments> => {
  if (batchesPerEpoch === 0)
    return refuse(
      ["per_device_train_batch_size", "dataloader_drop_last"],
      "An epoch has no batch. Give more training data, or lower per_device_train_batch_size, or set dataloader_drop_last to false."
    )
  if (!Number.isFinite(batchesPerEpoch) && args.maxSteps <= 0)
    return refuse(["max_steps"], "The training data is a stream without a length: set max_steps.")
  if (earlyStopping !== undefined && goal(args) === null)
    return refuse(["metric_for_best_model"], 'Early stopping needs metric_for_best_model, for example "loss".')
  if (earlyStopping !== undefined && args.evalStrategy === "no")
    return refuse(["eval_strategy"], 'Early stopping needs evaluations: set eval_strategy to "steps" or "epoch".')
  return Result.succeed(undefined)
}

const refuse = (names: ReadonlyArray<string>, reason: string): Result.Result<never, ContradictoryArguments> =>
  Result.fail(new ContradictoryArguments({ names, reason }))
