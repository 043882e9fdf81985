/** Compares a batch with the first batch of its data, to explain why a model failed on it. */
import type { HostTensors } from "../Tensor/HostTensor.ts"
import { DataError } from "./Dataset.ts"
import type { Batch } from "./Loader.ts"

/** The fields of a batch: their dtypes and shapes. */
export type Fields = Readonly<Record<string, { readonly dtype: string; readonly shape: ReadonlyArray<number> }>>

/** Returns the dtypes and shapes of a batch. */
export const fieldsOf = (tensors: HostTensors): Fields =>
  Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]))

/** Returns an error for the first label that the first batch has and this batch does not. */
export const missingLabel = (first: Fields, batch: Batch, labels: ReadonlyArray<string>): DataError | undefined => {
  const column = labels.find((label) => label in first && !(label in batch.tensors))
  return column === undefined ? undefined : errorOf(batch, column, missing)
}

/**
 * Converts the error of a model that failed on batches to a `DataError` if one of them lacks a field of the first batch, or has it with another dtype or
 * shape (apart from the number of rows). Returns the error unchanged if the batches match the first, and if the device ran out of memory.
 */
export const blame = <E extends { readonly reason: string; readonly outOfMemory?: true }>(
  error: E,
  first: Fields,
  batches: ReadonlyArray<Batch>
): E | DataError => (error.outOfMemory === true ? error : (explain(first, batches, error.reason) ?? error))

const explain = (first: Fields, batches: ReadonlyArray<Batch>, failure: string): DataError | undefined => {
  for (const batch of batches) {
    for (const [column, expected] of Object.entries(first)) {
      const found = batch.tensors[column]
      if (found === undefined) return errorOf(batch, column, missing)
      if (found.dtype !== expected.dtype)
        return errorOf(
          batch,
          column,
          `is ${found.dtype} where the first batch has ${expected.dtype}, and the model fails on it: ${failure}`
        )
      if (found.shape.slice(1).join() !== expected.shape.slice(1).join())
        return errorOf(
          batch,
          column,
          `has shape [${found.shape}] where the first batch has [${expected.shape}], and the model fails on it: ${failure}`
        )
    }
  }
  return undefined
}

const errorOf = (batch: Batch, column: string, reason: string) =>
  new DataError({ row: batch.indices?.[0] ?? null, column, reason })

const missing = "is missing from this batch, and the first batch has it: give all rows the same columns"
