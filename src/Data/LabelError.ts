/** Finds the row and the column of a label that is out of range. */
import { Result } from "effect"
import { LabelOutOfRange } from "../Model/LabelRange.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import { DataError } from "./Dataset.ts"
import type { Batch } from "./Loader.ts"

/** Converts a `LabelOutOfRange` failure to a `DataError` with row and column. */
export const typed = <A, E>(
  result: Result.Result<A, E | LabelOutOfRange>,
  batches: ReadonlyArray<Batch>
): Result.Result<A, Exclude<E, LabelOutOfRange> | DataError> =>
  Result.mapError(result, (failure) =>
    failure instanceof LabelOutOfRange ? fromLabel(failure, batches) : (failure as Exclude<E, LabelOutOfRange>)
  )

/** Finds the label in the batches of the loss. The error has its row in the dataset, if known. */
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
