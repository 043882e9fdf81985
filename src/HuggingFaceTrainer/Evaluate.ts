/** The Trainer's `evaluate` and `predict`, and their loop and step. */
import { Clock, Effect, Ref } from "effect"
import type { Batch, Loader } from "../Data/Loader.ts"
import { defined } from "../Defined.ts"
import type { CallbackFailed } from "../Driver/Callback.ts"
import * as CallbackSet from "../Driver/CallbackSet.ts"
import { InvalidTask } from "../Driver/Errors.ts"
import type { Gathered } from "../Evaluation/EvalPrediction.ts"
import { type Options as EvaluationOptions, type Predicted, predictAll, evaluate as streaming } from "../Evaluation/Evaluation.ts"
import * as PythonNumbers from "../Format/PythonNumbers.ts"
import { Logger } from "../Layer/Logger/Logger.ts"
import type { Source, Sources } from "../Program/DataLoaders.ts"
import * as DataLoaders from "../Program/DataLoaders.ts"
import * as Program from "../Program/Program.ts"
import * as Horizon from "../Schedule/Horizon.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { LoopOptions } from "./EvaluateOptions.ts"
import * as EvaluateOptions from "./EvaluateOptions.ts"
import * as EvaluationLog from "./EvaluationLog.ts"
import { current, logUnused, present, stage, type TrainerContext } from "./TrainerContext.ts"

export type Metrics = Readonly<Record<string, number>>

export interface PredictionOutput {
  readonly predictions: Gathered | undefined
  readonly labelIds: Gathered | undefined
  readonly metrics: Metrics
}

/** Opens a dataset for evaluation, in its own order: the Trainer's own where none is given. */
export const getEvalDataloader = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  dataset?: Source<A, E, R>
) {
  const found = dataset ?? Object.values(DataLoaders.sets(context.options.evalDataset))[0]
  if (found === undefined) return yield* new InvalidTask({ reason: "There is no evalDataset: give one to the Trainer, or here." })
  return yield* open(context, found)
})

/** The loader of one set, under its name. */
const open = <A, E, R>(context: TrainerContext<A, E, R>, data: Source<A, E, R>, name?: string) =>
  Effect.map(loaders(context, data, name), (opened) => Object.values(opened)[0]!)

const loaders = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  evalDataset: Sources<A, E, R>,
  prefix?: string
) {
  const opened = yield* Program.withLogLevel(context.args)(
    DataLoaders.forEvaluation({ ...(yield* context.parts), evalDataset }, context.args, prefix)
  )
  yield* logUnused(context, opened.unusedColumns)
  return opened.evaluation
})

/** Evaluates every batch of a loader, and collects the predictions. */
export const evaluationLoop = <A, E, R>(context: TrainerContext<A, E, R>, loader: Loader, options: LoopOptions = {}) =>
  Effect.map(evaluateWith(context, loader, options, predictAll<E | CallbackFailed, R>), outputOf)

/** Evaluates a loader with the present weights, as `how` does. */
const evaluateWith = Effect.fnUntraced(function* <A, E, R, Found, E2, R2>(
  context: TrainerContext<A, E, R>,
  loader: Loader,
  { generation, ignoreKeys, metricKeyPrefix = "eval", predictionLossOnly }: LoopOptions,
  how: (options: EvaluationOptions<E | CallbackFailed, R> & { readonly set: string }) => Effect.Effect<Found, E2, R2>
) {
  const { args, ref } = context
  const logger = yield* Logger
  const { callbacks, state, trained } = yield* current(context)
  const { collect, ...taskConfig } = yield* Program.taskConfig(args, yield* context.parts)
  const shown = callbacks.some(({ name }) => name === "ProgressCallback")
  const { batchesPerEpoch: total } = loader
  const show = (phase: "eval" | "idle", done: number) =>
    shown ? logger.progress?.({ phase, state, horizon: Horizon.zero, done, total, set: metricKeyPrefix }) : undefined
  const options = (
    preparation: number | undefined,
    on: EvaluationOptions["weights"]
  ): EvaluationOptions<E | CallbackFailed, R> & { readonly set: string } => ({
    ...taskConfig,
    weights: on,
    loader,
    set: metricKeyPrefix,
    collect: {
      ...collect,
      ...defined({ generation, ignoreKeys, predictionLossOnly, modelPreparationTime: preparation })
    },
    progress: (done: number) => show("eval", done),
    ...CallbackSet.watching(callbacks, { set: metricKeyPrefix, total })
  })
  const over = Effect.andThen(
    Effect.sync(() => show("idle", 0)),
    logger.flush
  )
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const began = yield* Clock.currentTimeNanos
      const weights = yield* (yield* present(context)).onDevice
      const took = PythonNumbers.round(Number((yield* Clock.currentTimeNanos) - began) / 1e9, 4)
      const preparation = yield* Ref.modify(ref, (held) => {
        const first = held.preparation ?? (trained || held.inTrain ? undefined : took)
        return [first, { ...held, preparation: first }]
      })
      return yield* Effect.ensuring(how(options(preparation, weights)), over)
    })
  )
})

/** Evaluates the Trainer's evaluation sets, or those given; logs the metrics and notifies the callbacks. */
export const evaluate = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  optionsOrDataset?: object,
  more?: object
) {
  const given = EvaluateOptions.join<Sources<A, E, R>>(optionsOrDataset, more, context.settings)
  const options = yield* Effect.fromResult(EvaluateOptions.separate("evaluate", given, context.settings))
  const { evalDataset = context.options.evalDataset, metricKeyPrefix = "eval", ...rest } = options
  if (evalDataset === undefined)
    return yield* new InvalidTask({ reason: "evaluate needs an evalDataset: give it one, or the Trainer." })
  yield* readable("evaluate", DataLoaders.isSource(evalDataset) ? { evalDataset } : evalDataset)
  let metrics: Metrics = {}
  for (const [set, loader] of Object.entries(yield* loaders(context, evalDataset, metricKeyPrefix))) {
    const measured = yield* stage(context, "eval")
    const found = yield* evaluateWith(context, loader, { ...rest, metricKeyPrefix: set }, streaming<E | CallbackFailed, R>)
    metrics = { ...metrics, ...(yield* EvaluationLog.evaluated(context, { set, loader }, found)), ...(yield* measured) }
  }
  return metrics
}, Effect.scoped)

/** Predicts a dataset; with labels there are metrics. */
export const predict = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  testDataset: Source<A, E, R>,
  options: EvaluateOptions.PredictOptions = {}
) {
  const given = yield* Effect.fromResult(EvaluateOptions.separate("predict", options, context.settings))
  const { metricKeyPrefix = "test", ...rest } = given
  yield* readable("predict", { testDataset })
  const measured = yield* stage(context, "test")
  const output = yield* Effect.scoped(
    Effect.flatMap(open(context, testDataset, metricKeyPrefix), (loader) =>
      evaluationLoop(context, loader, { ...rest, metricKeyPrefix })
    )
  )
  const { callbacks } = yield* Ref.get(context.ref)
  yield* Effect.forEach(callbacks, (callback) => callback.onPredict?.(output.metrics) ?? Effect.void, { discard: true })
  return { ...output, metrics: { ...output.metrics, ...(yield* measured) } } satisfies PredictionOutput
}, Effect.scoped)

/** Checks that sources are data. **Errors**: fails with `InvalidTask`. */
const readable = (method: string, sources: Readonly<Record<string, unknown>>): Effect.Effect<void, InvalidTask> => {
  const wrong = Object.entries(sources).find(([, source]) => !DataLoaders.isSource(source as Source<unknown>))
  if (wrong === undefined) return Effect.void
  const reason = `${method} cannot read "${wrong[0]}": give it a dataset (Dataset.fromArray(rows)).`
  return Effect.fail(new InvalidTask({ reason }))
}

/** The loss, the outputs and the labels of one batch, each where there is one. */
export const predictionStep = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  inputs: HostTensors,
  options: Omit<LoopOptions, "metricKeyPrefix"> = {}
) {
  const { labelIds, metrics, predictions } = yield* evaluationLoop(context, alone(inputs), {
    ...options,
    metricKeyPrefix: "step"
  })
  return { loss: metrics.step_loss, logits: predictions, labels: labelIds }
})

/** A loader of one batch. */
export const alone = (tensors: HostTensors): Loader => {
  const rows = Object.values(tensors)[0]?.shape[0] ?? 1
  const batch: Batch = { tensors, rows }
  return {
    batchesPerEpoch: 1,
    size: rows,
    batch: (_, index) => Effect.succeed(index === 0 ? batch : undefined)
  }
}

const outputOf = ({ clock, labelIds, metrics, predictions }: Predicted): PredictionOutput => ({
  predictions,
  labelIds,
  metrics: { ...metrics, ...clock }
})
