/** Hugging Face's Trainer: its methods and attributes, as Effects over the driver. The namespace also has the driver's own functions. */
import { Effect, type Scope } from "effect"
import { type Arguments, NotSupported } from "../Arguments/Arguments.ts"
import type { Loader } from "../Data/Loader.ts"
import type * as Callback from "../Driver/Callback.ts"
import type { Results } from "../Format/Results.ts"
import * as Formats from "../Format/Results.ts"
import type * as DataLoaders from "../Program/DataLoaders.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as CallbackList from "./CallbackList.ts"
import * as DataInfo from "./DataInfo.ts"
import * as Evaluate from "./Evaluate.ts"
import type { Asked, LoopOptions, PredictOptions } from "./EvaluateOptions.ts"
import * as EvaluationLog from "./EvaluationLog.ts"
import * as OptimizerInfo from "./OptimizerInfo.ts"
import type { Options } from "./Options.ts"
import * as Save from "./Save.ts"
import * as SingleStep from "./SingleStep.ts"
import * as State from "./State.ts"
import * as Train from "./Train.ts"
import * as TrainerContext from "./TrainerContext.ts"

export * from "../Driver/Driver.ts"
export type { ComputeLoss } from "../Program/ComputeLoss.ts"
export type { Options as TrainerOptions } from "./Options.ts"

/**
 * Makes a Trainer. Its methods use the services that this effect is provided with: device, checkpoint store and logger (`RunLayers.layer`, or any Layers
 * of your own).
 *
 * Overriding is giving a function: `computeLoss`, `computeMetrics`, `optimizers`, `getTrainDataloader`.
 *
 * **Errors**: fails where arguments are wrong or ask for what is not there, and without a model.
 *
 * **Source**: `Trainer`. Losses are averaged as there (`Reduction.trainer`). A `train` without `resumeFromCheckpoint` begins with the present weights.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { CheckpointStore, Device, Logger, Model, Trainer } from "regimen"
 * import { Dataset } from "regimen/data"
 * import { Dense, Loss, Parameters } from "regimen/nn"
 *
 * const model = Model.make({
 *   inputs: ["x"],
 *   labels: ["labels"],
 *   init: Parameters.make({ lin: Dense.init({ inputs: 1, outputs: 2 }) }),
 *   forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
 *   loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
 * })
 * const rows = Array.from({ length: 20 }, (_, i) => ({ x: [i % 2 ? 1 : -1], labels: i % 2 }))
 *
 * const program = Effect.gen(function* () {
 *   const trainer = yield* Trainer.make({
 *     model,
 *     args: { learningRate: 0.1, numTrainEpochs: 5, saveStrategy: "no" },
 *     trainDataset: Dataset.fromArray(rows),
 *     evalDataset: Dataset.fromArray(rows)
 *   })
 *   yield* trainer.train()
 *   return yield* trainer.evaluate()
 * })
 * const layers = Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none, NodeServices.layer)
 * const metrics = await Effect.runPromise(Effect.provide(program, layers))
 * assert.ok(metrics.eval_loss! < 0.3)
 * ```
 */
export const make = Effect.fn("Trainer.make")(function* <A, E = never, R = never, C extends Callback.Any = never>(
  options: Callback.Accepting<Options<A, E, R>, C>
) {
  return yield* makeAs(options as Options<A, E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>>, TrainerContext.plain)
})

/**
 * Makes a Trainer of a class. `G` are the further options of the class's `evaluate` and `predict` (for `Seq2SeqTrainer`, those of generation). `args` are
 * the validated arguments; by default they are read from `options`.
 */
export const makeAs = Effect.fnUntraced(function* <A, E, R, G>(
  options: Options<A, E, R>,
  trainerClass: TrainerContext.TrainerClass<G>,
  args?: Arguments
) {
  const context = yield* TrainerContext.make(
    options,
    args ?? (yield* Effect.fromResult(TrainerContext.readArguments(options, trainerClass))),
    trainerClass
  )
  const services = yield* Effect.context<TrainerContext.Services | R>()
  /** Provides the services that the Trainer was made with. */
  const provided = <B, E2, R2 extends TrainerContext.Services | R>(effect: Effect.Effect<B, E2, R2>): Effect.Effect<B, E2> =>
    Effect.provide(effect, services) as Effect.Effect<B, E2>
  /** As `provided`, for an effect that acquires resources: they are released with the caller's scope. */
  const providedScoped = <B, E2, R2 extends TrainerContext.Services | R>(
    effect: Effect.Effect<B, E2, R2 | Scope.Scope>
  ): Effect.Effect<B, E2, Scope.Scope> => Effect.provide(effect, services) as Effect.Effect<B, E2, Scope.Scope>
  /** Reads a part of the Trainer's current status. */
  const read = <B>(what: (status: TrainerContext.TrainerStatus<E, R>) => B): Effect.Effect<B> =>
    Effect.map(TrainerContext.current(context), what)

  return {
    // Attributes.
    args: context.args,
    model: context.model,
    /** As in Python's `model_wrapped`: the same object. */
    modelWrapped: context.model,
    /** The parameters, the buffers and, after a training, the optimizer's slots. */
    weights: provided(Effect.flatMap(TrainerContext.present(context), ({ onHost }) => onHost)),
    /** The run's state, also under Python's names. */
    state: read((status) => State.read(context.args, status)),
    /** All that was logged, oldest first, as loggers get it. */
    logHistory: read(({ history }) => history),
    /** The folder of the best checkpoint; null where there is none. */
    bestModelCheckpoint: read(({ state }) => State.folder(context.args, state)),
    isInTrain: read(({ inTrain }) => inTrain),
    /** As in Python's `is_model_parallel`: always false. */
    isModelParallel: false,
    /** As in Python's `place_model_on_device`: always true. */
    placeModelOnDevice: true,

    // Training, evaluation, prediction.
    /** Options, or only the checkpoint to resume from. */
    train: (options?: Train.TrainOptions | boolean | string) => provided(Train.train(context, options)),
    /** Options, or a dataset (or several by name) and then options. */
    evaluate: (optionsOrDataset?: Asked<A, E, R, G>, options?: PredictOptions & G) =>
      provided(Evaluate.evaluate(context, optionsOrDataset, options)),
    predict: (testDataset: DataLoaders.Source<A, E, R>, options?: PredictOptions & G) =>
      provided(Evaluate.predict(context, testDataset, options)),
    evaluationLoop: (loader: Loader, options?: LoopOptions) => provided(Evaluate.evaluationLoop(context, loader, options)),
    /** `evaluationLoop`, under its older name. */
    predictionLoop: (loader: Loader, options?: LoopOptions) => provided(Evaluate.evaluationLoop(context, loader, options)),
    predictionStep: (inputs: HostTensors, options?: Omit<LoopOptions, "metricKeyPrefix">) =>
      provided(Evaluate.predictionStep(context, inputs, options)),
    trainingStep: (inputs: HostTensors) => provided(SingleStep.trainingStep(context, inputs)),
    computeLoss: (inputs: HostTensors) => provided(SingleStep.computeLoss(context, inputs)),
    /** Returns the effect unchanged: a device has one precision. */
    autocastSmartContextManager: <B, E2, R2>(effect: Effect.Effect<B, E2, R2>) => effect,
    computeLossContextManager: <B, E2, R2>(effect: Effect.Effect<B, E2, R2>) => effect,

    // Callbacks.
    addCallback: (callback: Callback.Callback<E, R>) => CallbackList.add(context, callback),
    popCallback: (which: Callback.Callback<E, R> | string) => CallbackList.pop(context, which),
    removeCallback: (which: Callback.Callback<E, R> | string) => Effect.asVoid(CallbackList.pop(context, which)),

    // Logging and saving.
    log: (logs: Readonly<Record<string, number>>) => provided(EvaluationLog.log(context, logs)),
    metricsFormat: Formats.format,
    logMetrics: Save.logMetrics,
    saveMetrics: (split: string, metrics: Results, combined?: boolean) =>
      provided(Save.saveMetrics(context, split, metrics, combined)),
    saveModel: (outputDir?: string) => provided(Save.saveModel(context, outputDir)),
    saveState: () => provided(Save.saveState(context)),
    createModelCard: (options?: Parameters<typeof Save.createModelCard>[1]) => provided(Save.createModelCard(context, options)),

    // Optimizer and schedule.
    createOptimizer: () => OptimizerInfo.createOptimizer(context),
    createScheduler: (numTrainingSteps: number) => OptimizerInfo.createScheduler(context, numTrainingSteps),
    createOptimizerAndScheduler: (numTrainingSteps: number) =>
      Effect.map(
        OptimizerInfo.createScheduler(context, numTrainingSteps),
        (scheduler) => [OptimizerInfo.createOptimizer(context), scheduler] as const
      ),
    getDecayParameterNames: () => OptimizerInfo.getDecayParameterNames(context),
    getLearningRates: () => OptimizerInfo.getLearningRates(context),
    getNumTrainableParameters: () => OptimizerInfo.getNumTrainableParameters(context),
    getOptimizerClsAndKwargs: (args: Arguments = context.args) => OptimizerInfo.getOptimizerClsAndKwargs(args),
    optimizerGroups: () => OptimizerInfo.optimizerGroups(context),
    getOptimizerGroup: (path: string) => OptimizerInfo.getOptimizerGroup(context, path),

    // Data.
    getTrainDataloader: () => providedScoped(Train.getTrainDataloader(context)),
    getEvalDataloader: (dataset?: DataLoaders.Source<A, E, R>) => providedScoped(Evaluate.getEvalDataloader(context, dataset)),
    getTestDataloader: (dataset: DataLoaders.Source<A, E, R>) => providedScoped(Evaluate.getEvalDataloader(context, dataset)),
    numExamples: (loader: Loader) => DataInfo.numExamples(context.args, loader),
    numTokens: DataInfo.numTokens,

    // One process, no hub, no search.
    isLocalProcessZero: true,
    isWorldProcessZero: true,
    pushToHub: () => lacking("push_to_hub", "uploads to the Hugging Face hub"),
    initHfRepo: () => lacking("init_hf_repo", "uploads to the Hugging Face hub"),
    hyperparameterSearch: () => lacking("hyperparameter_search", "the search of hyperparameters"),
    propagateArgsToDeepspeed: () => lacking("propagate_args_to_deepspeed", "DeepSpeed, which is written for PyTorch")
  }
})

export type { Services } from "./TrainerContext.ts"

/** A Trainer, as `make` gives it. */
export type Trainer<A, E = never, R = never, G = unknown> = Effect.Success<ReturnType<typeof makeAs<A, E, R, G>>>

const lacking = (argument: string, missing: string) =>
  Effect.fail(new NotSupported({ argument, value: "called", missing, instead: "Leave it out." }))
