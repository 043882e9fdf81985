/** What an evaluation does beyond its streaming metrics: which predictions are collected, how, and what is computed from them. */
import { type Context, Effect } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import type { Device, DeviceError } from "../Layer/Device/Device.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import type { Key } from "../Tensor/Key.ts"
import type { Tensor } from "../Tensor/Tensor.ts"
import type { Weights } from "../Tensor/Weights.ts"
import * as ComputeMetrics from "./ComputeMetrics.ts"
import type { Several } from "./EvalPrediction.ts"
import type * as Generation from "./Generation.ts"

/** `key` decides what is drawn, and is another for each batch. **Shapes**: `[rows, length]` int32. */
export type Write = (
  weights: Pick<Weights, "parameters" | "buffers">,
  batch: HostTensors,
  settings: Generation.Input,
  key: Key
) => Effect.Effect<HostTensor, DeviceError | Generation.GenerationError, Device>

/** Nothing is collected unless there is a `computeMetrics`, or a prediction is asked for. The names are the page's, in camelCase. */
export interface CollectOptions {
  readonly computeMetrics?: ComputeMetrics.ComputeMetrics
  /** Makes of a batch's outputs what is collected (the class of each row, in the place of its logits). It runs on the device. */
  readonly preprocessLogitsForMetrics?: (logits: Several<Tensor>, labels: Several<Tensor> | undefined) => Several<Tensor>
  /** Give `computeMetrics` one batch after the other, and keep none. */
  readonly batchEvalMetrics?: boolean
  /** After how many batches results leave the device; null (the default) is at the end. */
  readonly evalAccumulationSteps?: number | null
  /** Join the batches (the default), or leave them apart. */
  readonly evalDoConcatBatches?: boolean
  readonly includeForMetrics?: ReadonlyArray<"inputs" | "loss">
  /** Give only the loss: collect nothing, and compute nothing. */
  readonly predictionLossOnly?: boolean
  /** Outputs that are no predictions; `past_key_values` where it is left out. */
  readonly ignoreKeys?: ReadonlyArray<string>
  /** The batch's fields that are labels; null (the default) leaves it to the model. */
  readonly labelNames?: ReadonlyArray<string> | null
  /** Writes a text for each row of a batch: that is what is collected, in the place of the model's outputs. */
  readonly write?: Write
  /** How texts are written, where it is not as `write` has it. */
  readonly generation?: Generation.Input
  /** Makes of a batch's labels what is collected. */
  readonly padLabels?: (labels: HostTensor) => HostTensor
  /** Run the model as the device compiles it. */
  readonly jitModeEval?: boolean
  /** What `<set>_model_preparation_time` is, where it is to be among the figures. **Unit**: s. */
  readonly modelPreparationTime?: number
}

/** What of it is code; the rest are arguments. */
export interface Functions<R = never> {
  readonly computeMetrics?: ComputeMetrics.ComputeMetrics<R> | undefined
  readonly preprocessLogitsForMetrics?: CollectOptions["preprocessLogitsForMetrics"] | undefined
  readonly write?: Write | undefined
  readonly padLabels?: CollectOptions["padLabels"] | undefined
}

/** Makes it from TrainingArguments and the user's functions; what an effect of `computeMetrics` needs is taken from where this is made. */
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
      ...(preprocessLogitsForMetrics === undefined ? {} : { preprocessLogitsForMetrics }),
      ...(write === undefined ? {} : { write }),
      ...(padLabels === undefined ? {} : { padLabels }),
      ...(computeMetrics === undefined ? {} : { computeMetrics: ComputeMetrics.provide(computeMetrics, context) })
    })
  )

const positions = ["start_positions", "end_positions"]

/**
 * Names the labels of a batch: those of the arguments, else those that the model declares, else `labels`, or the positions of question answering.
 * A batch that lacks one of them has none.
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

/** Names the inputs of a batch: the model's main one, else those that it declares, else all that are no labels. */
export const inputsOf = (
  collect: CollectOptions,
  model: Model,
  batch: Readonly<Record<string, unknown>>
): ReadonlyArray<string> => {
  const labels = labelsOf(collect, model, batch)
  const declared = model.mainInput === undefined ? model.inputs : [model.mainInput]
  return declared?.filter((name) => name in batch) ?? Object.keys(batch).filter((name) => !labels.includes(name))
}
