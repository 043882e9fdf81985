/** Decodes predictions and labels to texts. */
import { type HostTensor, InvalidTensor } from "../Tensor/HostTensor.ts"
import { type DecodeOptions, decode, type Tokenizer } from "./Tokenizer.ts"

/** Rows of ids: lists, a tensor, or the tensors of an evaluation, gathered in one or per batch. */
export type Rows =
  | HostTensor
  | Readonly<Record<string, HostTensor>>
  | ReadonlyArray<HostTensor | Readonly<Record<string, HostTensor>> | ArrayLike<number>>
  | undefined

/**
 * Decodes rows of ids, such as predictions and labels. Ids outside the vocabulary are dropped: -100, which pads labels and predictions, and
 * those of a model whose vocabulary is larger than its tokenizer's.
 *
 * **Shapes**: a tensor is `[rows, length]`.
 * **Errors**: throws `InvalidTensor` for a tensor of another shape (logits), for several named tensors, and for undefined (`predictionLossOnly`).
 * **Source**: `batch_decode`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { HostTensor } from "regimen/nn"
 * import { Tokenizer } from "regimen/transformers"
 *
 * const tokenizer = Tokenizer.bytes()
 * const labels = HostTensor.fromArray([[104, 105, tokenizer.special.eos!], [97, -100, -100]], "int32")
 * assert.deepEqual(Tokenizer.decodeBatch(tokenizer, labels, { skipSpecialTokens: true }), ["hi", "a"])
 * ```
 */
export const decodeBatch = (self: Tokenizer, rows: Rows, options: DecodeOptions = {}): ReadonlyArray<string> =>
  listsOf(rows).map((ids) =>
    decode(
      self,
      Array.from(ids).filter((id) => self.tokenOf(id) !== undefined),
      options
    )
  )

const listsOf = (rows: Rows | ArrayLike<number>): ReadonlyArray<ArrayLike<number>> => {
  if (rows === undefined) throw invalid("there are no predictions: predictionLossOnly does not gather them")
  if (isArray(rows)) return rows.flatMap((part) => (isList(part) ? [part] : listsOf(part)))
  if (!isTensor(rows))
    throw invalid(`Expected one tensor, got several (${Object.keys(rows).join(", ")}): select one with EvalPrediction.take`)
  const { data, shape } = rows
  const [count, length] = shape
  if (count === undefined || length === undefined || shape.length > 2)
    throw invalid(`Expected ids of shape [rows, length], got shape [${shape}]: for logits use EvalPrediction.argmax first`)
  return Array.from({ length: count }, (_, row) => data.subarray(row * length, (row + 1) * length))
}

const isArray = (rows: Rows | ArrayLike<number>): rows is Extract<Rows, ReadonlyArray<unknown>> => Array.isArray(rows)

const isList = (part: object): part is ArrayLike<number> => Array.isArray(part) || ArrayBuffer.isView(part)

const isTensor = (rows: object): rows is HostTensor => "shape" in rows && Array.isArray(rows.shape)

const invalid = (reason: string) => new InvalidTensor({ path: "", reason })
