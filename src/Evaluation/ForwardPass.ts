/** The evaluation step: the model's outputs and metrics for a batch, as a pure function of tensors that a device can compile. */
import type { Batch } from "../Data/Loader.ts"
import type { Metric } from "../Metrics/Metric.ts"
import { guard as guardMetric } from "../Metrics/MetricError.ts"
import * as Loss from "../Model/Loss.ts"
import type { Model, Outputs } from "../Model/Model.ts"
import * as UserFunction from "../Model/UserFunction.ts"
import type { Reduction } from "../Step/Reduction.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Weights } from "../Tensor/Weights.ts"
import { type CollectOptions, labelsOf } from "./CollectOptions.ts"
import { alone, isTensor } from "./EvalPrediction.ts"

export interface Input {
  readonly parameters: Tensors
  readonly buffers: Tensors
  readonly batch: Tensors
  /** The sequences that were generated for the batch, beside the model's outputs for the metrics. */
  readonly generated: Tensors
}

export interface Output {
  /** The tensors of the metrics, under `metrics`; the batch's loss, a scalar, if the model has one. */
  readonly measured: Tensors
  /** The predictions to collect; no other tensor is among them. */
  readonly predictions: Tensors
}

/** Copies a batch to the device, and joins it with weights that are there. */
export const input = (
  { parameters, buffers }: Pick<Weights, "parameters" | "buffers">,
  { tensors }: Batch,
  generated: HostTensor.HostTensors = {}
): Input => ({
  parameters,
  buffers,
  batch: HostTensor.toDevice(tensors),
  generated: HostTensor.toDevice(generated)
})

/** Applies the model, without training. */
export const run = (model: Model, { batch, buffers, parameters }: Omit<Input, "generated">): Outputs =>
  model.apply(parameters, batch, { training: false, key: Key.make(0), buffers })

/** Makes the step of an evaluation: `measures` decides whether a batch counts for the metrics, `keeps` whether predictions are collected. */
export const make =
  (options: {
    readonly model: Model
    readonly metrics: Metric<unknown>
    readonly collect: CollectOptions
    readonly reduction: Reduction
    readonly measures: (batch: Tensors, loss: boolean) => boolean
    readonly keeps: boolean
  }) =>
  (input: Input): Output => {
    const { batch, generated } = input
    const result = run(options.model, input)
    const measures = options.measures(batch, result.loss !== undefined)
    const measured = { ...result, outputs: { ...result.outputs, ...generated } }
    return {
      measured: {
        ...(measures
          ? Tree.prefix(
              guardMetric(options.metrics.names, () => options.metrics.measure(measured, batch)),
              "metrics"
            )
          : {}),
        ...(result.loss === undefined ? {} : { loss: meanLoss(result.loss, batch, options.reduction) })
      },
      predictions: options.keeps ? predictions(options.collect, options.model, result.outputs, batch) : {}
    }
  }

const meanLoss = (loss: NonNullable<Outputs["loss"]>, batch: Tensors, reduction: Reduction): Tensor =>
  Loss.mean(reduction.evaluate(loss, Object.values(batch)[0]?.shape[0] ?? 0))

/** Copies the predictions, for the caller to free: an output may be a parameter. */
const predictions = (collect: CollectOptions, model: Model, outputs: Tensors, batch: Tensors): Tensors => {
  const ignored = collect.ignoreKeys ?? ["past_key_values"]
  const predicted = Tree.filter(outputs, (name) => !ignored.includes(name))
  const given = alone(predicted)
  const processed =
    given === undefined
      ? undefined
      : UserFunction.call("preprocessLogitsForMetrics", () =>
          collect.preprocessLogitsForMetrics?.(given, alone(Tree.pick(batch, labelsOf(collect, model, batch))))
        )
  const all = processed === undefined ? predicted : isTensor(processed) ? { logits: processed } : processed
  return Tree.map(all, (tensor) => tf.clone(tensor))
}
