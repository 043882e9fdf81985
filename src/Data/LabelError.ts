/** Names the row and the column of a label that a loss refused. */
import { Result } from "effect"
import { LabelOutOfRange } from "../Model/LabelRange.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import { DataError } from "./Dataset.ts"
import type { Batch } from "./Loader.ts"

/** Returns a result whose refused label, where it has one, is an error of the data. */
export const typed = <A, E>(
  result: Result.Result<A, E | LabelOutOfRange>,
  batches: ReadonlyArray<Batch>
): Result.Result<A, Exclude<E, LabelOutOfRange> | DataError> =>
  Result.mapError(result, (failure) =>
    failure instanceof LabelOutOfRange ? fromLabel(failure, batches) : (failure as Exclude<E, LabelOutOfRange>)
  )

/** Finds the label among the batches that a loss was given, and makes the error that names its row in the dataset, where that is known. */
const fromLabel = ({ label, reason, row }: LabelOutOfRange, batches: ReadonlyArray<Batch>): DataError => {
  const holds = ({ data, dtype, shape }: HostTensor) => {
    const width = data.length / (shape[0] ?? 1)
    return dtype === "int32" && (data as Int32Array).subarray(row * width, (row + 1) * width).includes(label)
  }
  for (const { indices, tensors } of batches) {
    const column = Object.keys(tensors).find((name) => holds(tensors[name]!))
    if (column !== undefined) return new DataError({ row: indices?.[row] ?? null, column, reason })
  }
  return new DataError({ row: null, column: null, reason })
}
