/** Concatenates the predictions of batches, with padding where their lengths differ. */
import { arrayOf, type HostTensor, type HostTensors, InvalidTensor, sizeOf } from "../Tensor/HostTensor.ts"

/** The padding value, which losses and metrics ignore. */
export const filler = -100

/**
 * Concatenates tensors along dimension 0. If dimension 1 differs, shorter tensors are padded on the right; further dimensions must be equal.
 *
 * **Shapes**: `[n, a, ...s]` and `[m, b, ...s]` make `[n + m, max(a, b), ...s]`.
 * **Law**: equals the Trainer's, for two and for many tensors (test/golden/nestedPadding.test.ts); concatenation is associative (test/property/NestedConcat.test.ts).
 * **Errors**: throws `InvalidTensor` for no tensors, scalars, and tensors of different dtypes or further dimensions.
 * **Source**: `nested_concat` with `padding_index=-100`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NestedConcat } from "regimen/data"
 * import { HostTensor } from "regimen/nn"
 *
 * const joined = NestedConcat.concatenate([HostTensor.fromArray([[1, 2]]), HostTensor.fromArray([[3]])])
 * assert.deepEqual(HostTensor.toArray(joined), [[1, 2], [3, -100]])
 * ```
 */
export const concatenate = (tensors: ReadonlyArray<HostTensor>, fill: number = filler): HostTensor => {
  const first = tensors[0]
  if (first === undefined) throw invalid("Expected at least one tensor to concatenate")
  const [, , ...rest] = first.shape
  for (const { dtype, shape } of tensors) {
    if (shape.length === 0) throw invalid("scalars cannot be concatenated")
    if (dtype !== first.dtype) throw invalid(`${dtype} cannot be concatenated with ${first.dtype}`)
    if (shape.length !== first.shape.length || shape.slice(2).join() !== rest.join())
      throw invalid(`shape [${shape}] cannot be concatenated with [${first.shape}]: only dimensions 0 and 1 may differ`)
  }
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0)
  if (first.shape.length === 1) return joined(first, tensors, [rows], 1, 1, fill)
  const longest = Math.max(...tensors.map(({ shape }) => shape[1]!))
  return joined(first, tensors, [rows, longest, ...rest], longest, sizeOf(rest), fill)
}

/** Concatenates records of tensors by name. **Errors**: as `concatenate`, and if the names differ. */
export const concatenateAll = (records: ReadonlyArray<HostTensors>, fill: number = filler): HostTensors => {
  const names = Object.keys(records[0] ?? {})
  const different = records.find((record) => Object.keys(record).sort().join() !== [...names].sort().join())
  if (different !== undefined) throw invalid(`batches have the names ${names} and ${Object.keys(different)}`)
  return Object.fromEntries(
    names.map((name) => [
      name,
      concatenate(
        records.map((record) => record[name]!),
        fill
      )
    ])
  )
}

const joined = (
  { dtype }: HostTensor,
  tensors: ReadonlyArray<HostTensor>,
  shape: ReadonlyArray<number>,
  longest: number,
  size: number,
  fill: number
): HostTensor => {
  const data = new arrayOf[dtype](sizeOf(shape))
  if (tensors.some((tensor) => tensor.shape.length > 1 && tensor.shape[1] !== longest)) data.fill(fill)
  let at = 0
  for (const tensor of tensors) {
    const width = tensor.shape.length > 1 ? tensor.shape[1]! * size : size
    if (width === longest * size) {
      data.set(tensor.data, at)
      at += tensor.data.length
    } else {
      for (let row = 0; row < tensor.shape[0]!; row++, at += longest * size)
        data.set(tensor.data.subarray(row * width, (row + 1) * width), at)
    }
  }
  return { dtype, shape, data }
}

const invalid = (reason: string) => new InvalidTensor({ path: "", reason })
