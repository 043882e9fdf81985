/** The predictions and labels of a set as host tensors, which `computeMetrics` is called with. */
import { MissingField } from "../Model/Model.ts"
import { type HostTensor, InvalidTensor, type Values } from "../Tensor/HostTensor.ts"

/** A single tensor, or several by name. */
export type Several<T> = T | Readonly<Record<string, T>>

/** The tensors of a set: concatenated along dimension 0, or one by one if `evalDoConcatBatches` is false. */
export type Gathered = Several<HostTensor> | ReadonlyArray<Several<HostTensor>>

export interface EvalPrediction {
  /** The model's outputs. **Shapes**: `[rows, ...]`, shorter batches padded with -100 on the right. */
  readonly predictions: Gathered
  /** The batch's fields that are labels. */
  readonly labelIds: Gathered
  /** The model's inputs (its main one alone, if it has one), if `includeForMetrics` has `inputs`. */
  readonly inputs?: Gathered
  /** The loss of each row's batch, if `includeForMetrics` has `loss`. **Shapes**: `[rows]`. */
  readonly losses?: Gathered
}

/**
 * Takes the single tensor, or the one of a name.
 *
 * **Errors**: throws `MissingField` if there is none of the name, several and no name, or no tensor at all (`predictionLossOnly`);
 * `InvalidTensor` if the batches are not concatenated.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { EvalPrediction } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 *
 * const logits = HostTensor.fromArray([[1, 2]])
 * assert.equal(EvalPrediction.take(logits), logits)
 * assert.equal(EvalPrediction.take({ logits, hidden: HostTensor.ones([1, 8]) }, "logits"), logits)
 * ```
 */
export const take = (gathered: Gathered | undefined, name?: string): HostTensor => {
  if (gathered === undefined) throw missing(name, [])
  if (isBatches(gathered))
    throw new InvalidTensor({
      path: name ?? "",
      reason: "its batches are not concatenated. Take it from each of EvalPrediction.batches"
    })
  if (isTensor(gathered)) return gathered
  const tensor = name === undefined ? undefined : gathered[name]
  if (tensor !== undefined) return tensor
  throw missing(name, Object.keys(gathered))
}

/**
 * Computes the index of the largest value along the last axis: the class of each row of logits. Of equal values the first; NaN is the largest.
 *
 * **Shapes**: `[..., classes]` to `[...]`, int32.
 * **Errors**: as `take`; `InvalidTensor` for a scalar, or an empty last axis.
 * **Source**: `numpy.argmax(predictions, axis=-1)`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { EvalPrediction } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 *
 * const logits = HostTensor.fromArray([[0.1, 2], [3, -1]])
 * assert.deepEqual(EvalPrediction.argmax(logits).data, Int32Array.of(1, 0))
 * ```
 */
export const argmax = (gathered: Gathered | undefined, name?: string): HostTensor => {
  const { data, shape } = take(gathered, name)
  const classes = shape.at(-1) ?? 0
  if (classes === 0)
    throw new InvalidTensor({ path: name ?? "", reason: `its shape is [${shape}]; expected a last axis with at least one value` })
  const best = Int32Array.from({ length: data.length / classes }, (_, row) =>
    largest(data.subarray(row * classes, (row + 1) * classes))
  )
  return { dtype: "int32", shape: shape.slice(0, -1), data: best }
}

/**
 * Computes the fraction of labels that equal their predictions; labels of -100 are ignored. **Unit**: 0 to 1, NaN without labels.
 *
 * **Errors**: as `take`; `InvalidTensor` if the shapes differ.
 * **Source**: `(predictions == labels).mean()`, without padding.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { type ComputeMetrics, EvalPrediction } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 *
 * const computeMetrics: ComputeMetrics.ComputeMetrics = ({ predictions, labelIds }) => ({
 *   accuracy: EvalPrediction.agreement(EvalPrediction.argmax(predictions), labelIds)
 * })
 * const predictions = HostTensor.fromArray([[0.1, 2], [3, -1]])
 * const labelIds = HostTensor.fromArray([1, 1], "int32")
 * assert.deepEqual(computeMetrics({ predictions, labelIds }, { computeResult: true }), { accuracy: 0.5 })
 * ```
 */
export const agreement = (predicted: Gathered | undefined, labels: Gathered | undefined): number => {
  const [guesses, truth] = [take(predicted), take(labels)]
  if (`${guesses.shape}` !== `${truth.shape}`)
    throw new InvalidTensor({
      path: "",
      reason: `predictions have shape [${guesses.shape}] and labels [${truth.shape}]; expected the same shape`
    })
  const counted = guesses.data.filter((_, i) => truth.data[i] !== -100).length
  return guesses.data.filter((guess, i) => truth.data[i] !== -100 && guess === truth.data[i]).length / counted
}

/** Lists the batches; a concatenated set is one. **Errors**: throws `MissingField` if there is no tensor (`predictionLossOnly`). */
export const batches = (gathered: Gathered | undefined): ReadonlyArray<Several<HostTensor>> => {
  if (gathered === undefined) throw missing(undefined, [])
  return isBatches(gathered) ? gathered : [gathered]
}

/** Whether it is a single tensor, of the host or of the device. */
export const isTensor = <T extends { readonly dtype: string }>(several: Several<T>): several is T =>
  typeof several.dtype === "string"

/** Returns several by name, one as a single tensor, and undefined for none. */
export const alone = <T>(tensors: Readonly<Record<string, T>>): Several<T> | undefined => {
  const [first, ...rest] = Object.values(tensors)
  return rest.length > 0 ? tensors : first
}

const missing = (name: string | undefined, there: ReadonlyArray<string>) =>
  new MissingField({ by: "computation of metrics", among: "outputs", field: name ?? "(give its name)", there })

/** The index of the largest value. */
const largest = (values: Values): number => {
  let best = 0
  for (let i = 0; i < values.length && !Number.isNaN(values[best]); i++) if (!(values[i]! <= values[best]!)) best = i
  return best
}

const isBatches = (gathered: Gathered): gathered is ReadonlyArray<Several<HostTensor>> => Array.isArray(gathered)
