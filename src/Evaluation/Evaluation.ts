/** Evaluates weights on a set, batch by batch. Predictions are collected only for `computeMetrics` and for `predict`. */
import { Clock, Effect, Option, type Scope, Stream } from "effect"
import * as BatchDifference from "../Data/BatchDifference.ts"
import type { DataError } from "../Data/Dataset.ts"
import * as LabelError from "../Data/LabelError.ts"
import { checked } from "../Data/Loader/Checked.ts"
import type { Batch, Loader } from "../Data/Loader.ts"
import type { Figure } from "../Format/Figure.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import type { Metric } from "../Metrics/Metric.ts"
import * as MetricError from "../Metrics/MetricError.ts"
import * as Speed from "../Metrics/Speed.ts"
import type { FunctionFailed, Model } from "../Model/Model.ts"
import * as UserFunction from "../Model/UserFunction.ts"
import { perToken, type Reduction } from "../Step/Reduction.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Tree from "../Tensor/Tree.ts"
import { type CollectOptions, labelsOf } from "./CollectOptions.ts"
import * as ComputeMetrics from "./ComputeMetrics.ts"
import * as DeviceWeights from "./DeviceWeights.ts"
import type { EvalPrediction, Gathered } from "./EvalPrediction.ts"
import * as ForwardPass from "./ForwardPass.ts"
import type * as Generation from "./Generation.ts"
import * as PredictionCollector from "./PredictionCollector.ts"

export interface Result {
  /** By their full names: `<set>_loss`, `<set>_accuracy`. Deterministic. */
  readonly metrics: Readonly<Record<string, number>>
  /** `<set>_runtime` in s, `<set>_samples_per_second`, `<set>_steps_per_second`. */
  readonly clock: Readonly<Record<string, number>>
  readonly figures: Readonly<Record<string, Figure>>
}

/** The predictions of a set, with the metrics of an evaluation. There are label ids if all batches have labels. */
export interface Predicted extends Result {
  readonly predictions: Gathered | undefined
  readonly labelIds: Gathered | undefined
}

/** A batch and the model's outputs for it. */
export interface Prediction {
  readonly batch: Batch
  readonly outputs: HostTensors
}

/** The errors of an evaluation, beside those of `onBatch`. */
export type EvaluationError =
  | DataError
  | DeviceError
  | FunctionFailed
  | ComputeMetrics.MetricsFailed
  | ComputeMetrics.InvalidMetric
  | MetricError.MetricError
  | PredictionCollector.NotJoined
  | Generation.GenerationError

export interface Options<E = never, R = never> {
  readonly model: Model
  /** On the device, or on the host, from where they are copied. */
  readonly weights: DeviceWeights.Given
  readonly loader: Loader
  readonly metrics: Metric<unknown>
  /** Which predictions are collected. Default: none. */
  readonly collect?: CollectOptions
  /** How a batch's loss is averaged, if `includeForMetrics` has `loss`. Default: `perToken`. */
  readonly reduction?: Reduction
  /** Called after each batch. */
  readonly progress?: (done: number) => void
  /** Run after each batch. */
  readonly onBatch?: (done: number) => Effect.Effect<void, E, R>
}

/**
 * Evaluates a set. It can be interrupted between batches. With `computeMetrics` the predictions are collected, and its metrics are added to the streaming
 * ones, which they replace by name.
 *
 * **Law**: the result depends neither on the batch size nor on when results leave the device; the metrics of several sets are those of each alone; no
 * tensor is left on the device, however it ends (test/property/evaluation.test.ts).
 * **Errors**: those of the data and the device, `MetricInputMissing`, `MetricFailed`, `MetricsFailed`, `InvalidMetric`, `NotJoined`.
 */
export const evaluate = Effect.fnUntraced(function* <E = never, R = never>(
  options: Options<E, R> & { readonly set: string }
): Effect.fn.Return<Result, EvaluationError | E, Device | R> {
  const { clock, figures, metrics } = yield* Effect.scoped(look(options, false))
  return { metrics, clock, figures }
})

/**
 * Predicts a set and collects the predictions, with the metrics of an evaluation if there are labels; `set`, their prefix, defaults to `test`.
 *
 * **Shapes**: as the model's, concatenated along dimension 0; batches that are shorter in dimension 1 are padded with -100 on the right.
 * **Errors**: as `evaluate`.
 */
export const predictAll = <E = never, R = never>(
  options: Options<E, R> & { readonly set?: string }
): Effect.Effect<Predicted, EvaluationError | E, Device | R> =>
  Effect.scoped(look({ ...options, set: options.set ?? "test" }, true))

/** Runs the model over a loader and streams each batch's outputs to the host. **Shapes**: as the model's, one element a batch. */
export const predict = (options: {
  readonly model: Model
  readonly weights: DeviceWeights.Given
  readonly loader: Loader
}): Stream.Stream<Prediction, DataError | DeviceError, Device> =>
  Stream.unwrap(
    Effect.map(DeviceWeights.place(options.weights), (weights) => {
      const loader = checked(options.loader, options.model)
      return Stream.paginate(
        0,
        Effect.fnUntraced(function* (index: number) {
          const device = yield* Device
          const batch = yield* loader.batch(0, index)
          if (batch === undefined) return [[], Option.none<number>()] as const
          const outputs = yield* Effect.acquireUseRelease(
            device.run(
              `prediction, batch ${index}`,
              () => ForwardPass.run(options.model, ForwardPass.input(weights, batch)).outputs
            ),
            device.read,
            device.dispose
          )
          yield* Effect.yieldNow
          return [[{ batch, outputs }], Option.some(index + 1)] as const
        })
      )
    })
  )

/** Evaluates each batch of a set once. `all` collects predictions without a `computeMetrics` too. */
const look = Effect.fnUntraced(function* <E, R>(
  options: Options<E, R> & { readonly set: string },
  all: boolean
): Effect.fn.Return<Predicted, EvaluationError | E, Device | R | Scope.Scope> {
  const { collect = {}, metrics, model, reduction = perToken, set } = options
  const weights = yield* DeviceWeights.place(options.weights)
  const loader = checked(options.loader, model)
  const only = collect.predictionLossOnly === true
  const compute = only ? undefined : collect.computeMetrics
  const batchwise = compute !== undefined && collect.batchEvalMetrics === true
  const collects = !only && (all || (compute !== undefined && !batchwise))
  const keeps = collects || batchwise
  const { write } = collect
  const generates = write !== undefined && !only && (keeps || metrics.generated === true)
  const device = yield* Device
  const collector = yield* PredictionCollector.make
  // a prediction has metrics if there are labels or a loss
  const measures = (batch: Readonly<Record<string, unknown>>, loss: boolean) =>
    !all || loss || labelsOf(collect, model, batch).length > 0
  const step = ForwardPass.make({ model, metrics, collect, reduction, measures, keeps: keeps && write === undefined })
  const computing = <A>(call: () => A) => Effect.fromResult(MetricError.caught(() => MetricError.guard(metrics.names, call)))
  const forward = collect.jitModeEval === true ? device.compile(step) : step

  const started = yield* Clock.currentTimeNanos
  const predicted: Array<HostTensors> = []
  const rest: Array<Omit<PredictionCollector.Part, "predictions">> = []
  let state = metrics.empty
  let computed: ComputeMetrics.Metrics = {}
  const seen = { rows: 0, batches: 0, measured: 0, losses: 0 }
  const apply = (prediction: PredictionCollector.Collected, computeResult: boolean) =>
    compute === undefined || !complete(prediction)
      ? Effect.void
      : Effect.map(ComputeMetrics.call(compute, prediction, { computeResult, set }), (given) => {
          computed = given
        })

  let first: BatchDifference.Fields | undefined
  for (let batch = yield* loader.batch(0, 0); batch !== undefined; ) {
    const current = batch
    const fields: BatchDifference.Fields = first ?? BatchDifference.fieldsOf(current.tensors)
    first = fields
    const key = Key.fold(Key.make(0), seen.batches)
    const generated: HostTensors = generates
      ? { sequences: yield* write(weights, current.tensors, collect.generation ?? {}, key) }
      : {}
    const blamed = <Failure extends { readonly reason: string }>(failure: Failure) =>
      BatchDifference.blame(failure, fields, [current])
    const measured = yield* Effect.acquireUseRelease(
      Effect.tap(
        device
          .run(`evaluation of ${set}, batch ${seen.batches}`, () =>
            UserFunction.toResult(() => MetricError.caught(() => forward(ForwardPass.input(weights, current, generated))))
          )
          .pipe(
            Effect.mapError(blamed),
            Effect.flatMap((result) => Effect.fromResult(LabelError.typed(result, [current]))),
            Effect.flatMap((result) => Effect.mapError(Effect.fromResult(result), blamed))
          ),
        ({ predictions }) => Effect.sync(() => keeps && write === undefined && collector.hold(predictions))
      ),
      ({ measured }) => device.read(measured),
      ({ measured }) => device.dispose(measured)
    )
    if (keeps && generates) yield* Effect.uninterruptible(Effect.map(device.put(generated), collector.hold))
    const loss = measured.loss?.data[0]
    if (measures(current.tensors, loss !== undefined)) {
      const before = state
      state = yield* computing(() => metrics.update(before, Tree.under(measured, "metrics")))
      seen.measured++
    }
    if (loss !== undefined) seen.losses++
    seen.rows += current.rows
    seen.batches++
    batch = yield* loader.batch(0, seen.batches)
    const known = PredictionCollector.known(collect, model, current, loss)
    if (collects) rest.push(known)
    if (batchwise || collector.held() >= (collect.evalAccumulationSteps ?? Infinity)) {
      const moved = yield* collector.move
      if (batchwise) {
        const parts = moved.map((predictions) => ({ predictions, ...known }))
        yield* apply(yield* PredictionCollector.gather(parts, { apart: false, set }), batch === undefined)
      }
      if (collects) predicted.push(...moved)
    }
    options.progress?.(seen.batches)
    if (options.onBatch !== undefined) yield* options.onBatch(seen.batches)
    yield* Effect.yieldNow
  }
  predicted.push(...(yield* collector.move))
  const parts = rest.map((known, i) => ({ predictions: predicted[i]!, ...known }))
  const collected = yield* PredictionCollector.gather(parts, { apart: collect.evalDoConcatBatches === false, set })
  if (!batchwise) yield* apply(collected, true)

  const runtime = Number((yield* Clock.currentTimeNanos) - started) / 1e9
  const { modelPreparationTime: preparation } = collect
  const streamed = seen.measured > 0 || !all ? yield* computing(() => metrics.finish(state)) : {}
  const figures = yield* computing(() => metrics.figures?.(state) ?? {})
  return {
    metrics: {
      ...prefixed(
        set,
        seen.losses > 0 ? streamed : Tree.filter(streamed, (name, value) => !(name === "loss" && Number.isNaN(value)))
      ),
      ...(yield* ComputeMetrics.named(computed, set))
    },
    clock: {
      ...(preparation === undefined ? {} : { [`${set}_model_preparation_time`]: preparation }),
      ...Speed.measure(set, runtime, { samples: seen.rows, steps: seen.batches })
    },
    figures: prefixed(set, figures),
    predictions: collected.predictions,
    labelIds: collected.labelIds
  }
})

/** `computeMetrics` needs both predictions and labels. */
const complete = (prediction: PredictionCollector.Collected): prediction is EvalPrediction =>
  prediction.predictions !== undefined && prediction.labelIds !== undefined

const prefixed = <A>(set: string, values: Readonly<Record<string, A>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${set}_${name}`, value]))
