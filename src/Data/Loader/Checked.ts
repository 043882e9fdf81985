/** Validates each batch before its step. */
import { Effect } from "effect"
import type { Model } from "../../Model/Model.ts"
import * as BatchDifference from "../BatchDifference.ts"
import { DataError } from "../Dataset.ts"
import type { Batch, Loader } from "../Loader.ts"

/**
 * Validates every batch of a loader: by the model's `validate`, and for the labels that the first batch has.
 *
 * **Errors**: `DataError` for an invalid batch, with the row's index in the dataset if known.
 */
export const checked = (loader: Loader, model: Pick<Model, "labels" | "validate">): Loader => {
  const { labels = ["labels"], validate } = model
  let first: BatchDifference.Fields | undefined
  const errorOf = (batch: Batch): DataError | undefined => {
    const fault = validate?.(batch.tensors)
    if (fault !== undefined)
      return new DataError({ row: batch.indices?.[fault.row] ?? null, column: fault.field, reason: fault.reason })
    first ??= BatchDifference.fieldsOf(batch.tensors)
    return BatchDifference.missingLabel(first, batch, labels)
  }
  return {
    ...loader,
    batch: (epoch, index) =>
      Effect.flatMap(loader.batch(epoch, index), (batch) => {
        const error = batch === undefined ? undefined : errorOf(batch)
        return error === undefined ? Effect.succeed(batch) : Effect.fail(error)
      })
  }
}
