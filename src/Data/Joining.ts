/** Joining the predictions of batches, which may differ in length. */
import { arrayOf, type HostTensor, type HostTensors, InvalidTensor, sizeOf } from "../Tensor/HostTensor.ts"

/** What fills the places that a shorter batch does not have: losses and metrics leave it out. */
export const filler = -100

/**
 * Joins tensors along dimension 0. Where dimension 1 differs, the shorter ones are filled on the right; all further ones must agree.
 *
 * **Shapes**: `[n, a, ...s]` and `[m, b, ...s]` make `[n + m, max(a, b), ...s]`.
 * **Law**: equals the Trainer's, for two and for many (test/golden/nestedPadding.test.ts); joining is associative (test/property/Joining.test.ts).
 * **Errors**: throws `InvalidTensor` for no tensors, scalars, and tensors of different dtypes or further dimensions.
 * **Source**: `nested_concat` with `padding_index=-100`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Joining } from "regimen/data"
 * import { HostTensor } from "regimen/nn"
 *
 * const joined = Joining.concatenate([HostTensor.fromArray([[1, 2]]), HostTensor.fromArray([[3]])])
 * assert.deepEqual(HostTensor.toArray(joined), [[1, 2], [3, -100]])
 * ```
 */
export const concatenate = (tensors: ReadonlyArray<HostTensor>, fill: number = filler): HostTensor => {
  const first = tensors[0]
  if (first === undefined) throw refuse("there are none to join")
  const [, , ...rest] = first.shape
  for (const { dtype, shape } of tensors) {
    if (shape.length === 0) throw refuse("scalars have no dimension to be joined along")
    if (dtype !== first.dtype) throw refuse(`${dtype} cannot be joined to ${first.dtype}`)
    if (shape.length !== first.shape.length || shape.slice(2).join() !== rest.join())
      throw refuse(`[${shape}] cannot be joined to [${first.shape}]: only dimensions 0 and 1 may differ`)
  }
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0)
  if (first.shape.length === 1) return joined(first, tensors, [rows], 1, 1, fill)
  const longest = Math.max(...tensors.map(({ shape }) => shape[1]!))
  return joined(first, tensors, [rows, longest, ...rest], longest, sizeOf(rest), fill)
}

/** Joins records of tensors, each name on its own. **Errors**: as `concatenate`, with the name; and when names differ. */
export const concatenateAll = (records: ReadonlyArray<HostTensors>, fill: number = filler): HostTensors => {
  const names = Object.keys(records[0] ?? {})
  const other = records.find((record) => Object.keys(record).sort().join() !== [...names].sort().join())
  if (other !== undefined) throw refuse(`batches have the names ${names} and ${Object.keys(other)}`)
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

const refuse = (reason: string) => new InvalidTensor({ path: "", reason })
