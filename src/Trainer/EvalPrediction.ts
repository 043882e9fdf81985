/** What a model predicts for a set, beside what was right: host tensors, as `computeMetrics` is given them. */
import { MissingField } from "../Model/Model.ts"
import { type HostTensor, InvalidTensor } from "../Tensor/HostTensor.ts"

/** One tensor alone, or several by name. */
export type Several<T> = T | Readonly<Record<string, T>>

/** A set's tensors: joined along dimension 0, or batch by batch where `evalDoConcatBatches` is false. */
export type Gathered = Several<HostTensor> | ReadonlyArray<Several<HostTensor>>

export interface EvalPrediction {
  /** The model's outputs. **Shapes**: `[rows, ...]`, shorter batches filled with -100 on the right. */
  readonly predictions: Gathered
  /** The batch's fields that are labels. */
  readonly labelIds: Gathered
  /** The model's inputs (its main one alone, where it has one), where `includeForMetrics` asks for them. */
  readonly inputs?: Gathered
  /** The loss of each row's batch, where `includeForMetrics` asks for it. **Shapes**: `[rows]`. */
  readonly losses?: Gathered
}

/**
 * Takes the tensor that is alone, or the one of a name.
 *
 * **Errors**: throws `MissingField` where there is none of the name, or several and none was named; `InvalidTensor` where the batches are apart.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { EvalPrediction, HostTensor } from "regimen"
 *
 * const logits = HostTensor.fromArray([[1, 2]])
 * assert.equal(EvalPrediction.take(logits), logits)
 * assert.equal(EvalPrediction.take({ logits, hidden: HostTensor.ones([1, 8]) }, "logits"), logits)
 * ```
 */
export const take = (gathered: Gathered, name?: string): HostTensor => {
  if (isBatches(gathered))
    throw new InvalidTensor({ path: name ?? "", reason: "its batches are apart. Take it from each of EvalPrediction.batches" })
  if (isTensor(gathered)) return gathered
  const tensor = name === undefined ? undefined : gathered[name]
  if (tensor !== undefined) return tensor
  const by = "computation of metrics"
  throw new MissingField({ by, among: "outputs", field: name ?? "(give its name)", there: Object.keys(gathered) })
}

/** Gives the batches one by one; what is joined is one. */
export const batches = (gathered: Gathered): ReadonlyArray<Several<HostTensor>> => (isBatches(gathered) ? gathered : [gathered])

/** Whether it is a tensor alone, of the host or of the device. */
export const isTensor = <T extends { readonly dtype: string }>(several: Several<T>): several is T =>
  typeof several.dtype === "string"

/** Several under their names, one alone, none undefined. */
export const alone = <T>(tensors: Readonly<Record<string, T>>): Several<T> | undefined => {
  const [first, ...rest] = Object.values(tensors)
  return rest.length > 0 ? tensors : first
}

const isBatches = (gathered: Gathered): gathered is ReadonlyArray<Several<HostTensor>> => Array.isArray(gathered)
