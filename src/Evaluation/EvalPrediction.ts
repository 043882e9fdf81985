/** What a model predicts for a set, beside what was right: host tensors, as `computeMetrics` is given them. */
import { MissingField } from "../Model/Model.ts"
import { type HostTensor, InvalidTensor, type Values } from "../Tensor/HostTensor.ts"

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
 * **Errors**: throws `MissingField` where there is none of the name, or several and none was named, or nothing at all (`predictionLossOnly`);
 * `InvalidTensor` where the batches are apart.
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
    throw new InvalidTensor({ path: name ?? "", reason: "its batches are apart. Take it from each of EvalPrediction.batches" })
  if (isTensor(gathered)) return gathered
  const tensor = name === undefined ? undefined : gathered[name]
  if (tensor !== undefined) return tensor
  throw missing(name, Object.keys(gathered))
}

/**
 * Finds the largest along the last axis: the class of each row of logits. Of equal ones the first wins; a NaN is the largest.
 *
 * **Shapes**: `[..., classes]` to `[...]`, int32.
 * **Errors**: as `take`; `InvalidTensor` where there is no last axis, or nothing on it.
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
    throw new InvalidTensor({ path: name ?? "", reason: `its shape is [${shape}]: nothing on a last axis to choose from` })
  const best = Int32Array.from({ length: data.length / classes }, (_, row) =>
    largest(data.subarray(row * classes, (row + 1) * classes))
  )
  return { dtype: "int32", shape: shape.slice(0, -1), data: best }
}

/**
 * Gives the part of the labels that the predictions equal; labels of -100 do not count. **Unit**: 0 to 1, NaN where no label counts.
 *
 * **Errors**: as `take`; `InvalidTensor` where they are not of one shape.
 * **Source**: `(predictions == labels).mean()`, without what is filled up.
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
      reason: `predictions of shape [${guesses.shape}] cannot equal labels of [${truth.shape}]`
    })
  const counted = guesses.data.filter((_, i) => truth.data[i] !== -100).length
  return guesses.data.filter((guess, i) => truth.data[i] !== -100 && guess === truth.data[i]).length / counted
}

/** Gives the batches one by one; what is joined is one. **Errors**: throws `MissingField` where there is nothing (`predictionLossOnly`). */
export const batches = (gathered: Gathered | undefined): ReadonlyArray<Several<HostTensor>> => {
  if (gathered === undefined) throw missing(undefined, [])
  return isBatches(gathered) ? gathered : [gathered]
}

/** Whether it is a tensor alone, of the host or of the device. */
export const isTensor = <T extends { readonly dtype: string }>(several: Several<T>): several is T =>
  typeof several.dtype === "string"

/** Several under their names, one alone, none undefined. */
export const alone = <T>(tensors: Readonly<Record<string, T>>): Several<T> | undefined => {
  const [first, ...rest] = Object.values(tensors)
  return rest.length > 0 ? tensors : first
}

const missing = (name: string | undefined, there: ReadonlyArray<string>) =>
  new MissingField({ by: "computation of metrics", among: "outputs", field: name ?? "(give its name)", there })

/** The place of the largest. */
const largest = (values: Values): number => {
  let best = 0
  for (let i = 0; i < values.length && !Number.isNaN(values[best]); i++) if (!(values[i]! <= values[best]!)) best = i
  return best
}

const isBatches = (gathered: Gathered): gathered is ReadonlyArray<Several<HostTensor>> => Array.isArray(gathered)
