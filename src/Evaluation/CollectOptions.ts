/** Options of an evaluation beyond its streaming metrics: which predictions are collected, how, and what is computed from them. */
import { type Context, Effect } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import { defined } from "../Defined.ts"
import type { Device, DeviceError } from "../Layer/Device/Device.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import type { Key } from "../Tensor/Key.ts"
import type { Tensor } from "../Tensor/Tensor.ts"
import type { Weights } from "../Tensor/Weights.ts"
import * as ComputeMetrics from "./ComputeMetrics.ts"
import type { Several } from "./EvalPrediction.ts"
import type * as Generation from "./Generation.ts"

/** Generates a text for each row of a batch. `key` decides what is sampled, and differs from batch to batch. **Shapes**: `[rows, length]` int32. */
export type Write = (
  weights: Pick<Weights, "parameters" | "buffers">,
  batch: HostTensors,
  settings: Generation.Input,
  key: Key
) => Effect.Effect<HostTensor, DeviceError | Generation.GenerationError, Device>

/** Hugging Face's names, in camelCase. Predictions are collected for `computeMetrics` and for `predict` only. */
export interface CollectOptions {
  readonly computeMetrics?: ComputeMetrics.ComputeMetrics
  /** Maps a batch's outputs to what is collected (the class of each row instead of its logits). It runs on the device. */
  readonly preprocessLogitsForMetrics?: (logits: Several<Tensor>, labels: Several<Tensor> | undefined) => Several<Tensor>
  /** Call `computeMetrics` for each batch, and collect none. */
  readonly batchEvalMetrics?: boolean
  /** Move the results to the host after so many batches; null (the default) moves them at the end. */
  readonly evalAccumulationSteps?: number | null
  /** Concatenate the batches (the default), or give them one by one. */
  readonly evalDoConcatBatches?: boolean
  readonly includeForMetrics?: ReadonlyArray<"inputs" | "loss">
  /** Compute only the loss: collect no predictions, and compute no other metrics. */
  readonly predictionLossOnly?: boolean
  /** Outputs that are no predictions. Default: `past_key_values`. */
  readonly ignoreKeys?: ReadonlyArray<string>
  /** The batch's fields that are labels; null (the default) for those of the model. */
  readonly labelNames?: ReadonlyArray<string> | null
  /** Generates a text for each row of a batch, which is collected instead of the model's outputs. */
  readonly write?: Write
  /** Settings of the generation that override those of `write`. */
  readonly generation?: Generation.Input
  /** Maps a batch's labels to what is collected. */
  readonly padLabels?: (labels: HostTensor) => HostTensor
  /** Compile the evaluation step, on devices that can. */
  readonly jitModeEval?: boolean
  /** Logged as `<set>_model_preparation_time`. **Unit**: s. */
  readonly modelPreparationTime?: number
}

/** The options that are functions; the rest are arguments. */
export interface Functions<R = never> {
  readonly computeMetrics?: ComputeMetrics.ComputeMetrics<R> | undefined
  readonly preprocessLogitsForMetrics?: CollectOptions["preprocessLogitsForMetrics"] | undefined
  readonly write?: Write | undefined
  readonly padLabels?: CollectOptions["padLabels"] | undefined
}

/** Makes the options from TrainingArguments and the user's functions. Effects of `computeMetrics` get their services from the context of this effect. */
export const make = <R = never>(
  args: Arguments,
  { computeMetrics, padLabels, preprocessLogitsForMetrics, write }: Functions<R> = {}
): Effect.Effect<CollectOptions, never, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.succeed({
      batchEvalMetrics: args.batchEvalMetrics,
      evalAccumulationSteps: args.evalAccumulationSteps,
      evalDoConcatBatches: args.evalDoConcatBatches,
      includeForMetrics: args.includeForMetrics,
      predictionLossOnly: args.predictionLossOnly,
      labelNames: args.labelNames,
      jitModeEval: args.jitModeEval,
      ...defined({ preprocessLogitsForMetrics, write, padLabels }),
      ...(computeMetrics === undefined ? {} : { computeMetrics: ComputeMetrics.provide(computeMetrics, context) })
    })
  )

const positions = ["start_positions", "end_positions"]

/**
 * Lists the fields of a batch that are labels: those of the arguments, else those that the model declares, else `labels`, or the positions of question
 * answering. Empty if the batch lacks one of them.
 */
export const labelsOf = (
  { labelNames }: CollectOptions,
  model: Model,
  batch: Readonly<Record<string, unknown>>
): ReadonlyArray<string> => {
  const declared = model.labels === undefined || model.labels.length === 0 ? undefined : model.labels
  const usual = !("labels" in batch) && positions.every((name) => name in batch) ? positions : ["labels"]
  const names = labelNames ?? declared ?? usual
  return names.every((name) => name in batch) ? names : []
}

/** Lists the fields of a batch that are inputs: the model's main one, else those that it declares, else all that are no labels. */
export const inputsOf = (
  collect: CollectOptions,
  model: Model,
  batch: Readonly<Record<string, unknown>>
): ReadonlyArray<string> => {
  const labels = labelsOf(collect, model, batch)
  const declared = model.mainInput === undefined ? model.inputs : [model.mainInput]
  return declared?.filter((name) => name in batch) ?? Object.keys(batch).filter((name) => !labels.includes(name))
}
