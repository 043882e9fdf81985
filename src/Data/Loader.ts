/** Data loaders: random access to the micro-batches of an epoch, so that a resumed run seeks instead of skipping. */
import { Effect, Schema } from "effect"
import type { Check } from "../Model/Checks.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import { type Collator, stack } from "./Collator.ts"
import type { DataError, Dataset } from "./Dataset.ts"
import { InvalidSampler, type Sampler, sequential } from "./Sampler.ts"

export interface Batch {
  readonly tensors: HostTensors
  /** The number of rows in this micro-batch. */
  readonly rows: number
  /** The number of labels in the loss, if not one per row. */
  readonly tokens?: number
  /** The indices of the rows in the dataset, or their positions in the stream, if known: for errors. */
  readonly indices?: ReadonlyArray<number>
}

export interface Loader {
  /** The number of micro-batches in an epoch; `Infinity` if unknown (a stream). */
  readonly batchesPerEpoch: number
  /** The number of rows in an epoch; `Infinity` if unknown. */
  readonly size: number
  /** Returns micro-batch `batch` of epoch `epoch`, or undefined after the last. The same arguments give the same batch. */
  readonly batch: (epoch: number, batch: number) => Effect.Effect<Batch | undefined, DataError>
  /** Checks a field of all rows in memory, before the first step. Omitted where rows are read as they are needed. */
  readonly checkRows?: (field: string, check: Check) => Effect.Effect<void, DataError>
}

/** An invalid configuration of a loader. */
export class LoaderError extends Schema.TaggedError<LoaderError>()("LoaderError", {
  option: Schema.Literals(["batchSize", "dataset", "dropLast", "sampler", "workers"]),
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

export interface Options<in A> {
  /** **Unit**: rows in a micro-batch. */
  readonly batchSize: number
  /** Default `Collator.stack()`. */
  readonly collate?: Collator<A>
  /** Drops the incomplete last batch of an epoch. Default false. */
  readonly dropLast?: boolean
}

/**
 * Creates a loader over a dataset. A batch reads only its own rows, whichever batch and epoch it is. Only the order of the most recent epoch is in
 * memory.
 *
 * **Law**: the concatenated batches of an epoch are in the sampler's order; a batch does not depend on the batches read before
 * (test/property/Loader.test.ts).
 * **Errors**: `LoaderError` on creation for a batch size that is not a positive integer, a dataset without rows or without a full batch for `dropLast`,
 * or a sampler for another dataset.
 */
export const make = Effect.fnUntraced(function* <A>(
  options: Options<A> & { readonly dataset: Dataset<A>; readonly sampler?: Sampler }
): Effect.fn.Return<Loader, LoaderError> {
  const { batchSize, collate = stack(), dataset, dropLast = false, sampler = sequential } = options
  yield* checkBatchSize(batchSize)
  let current = { epoch: 0, order: yield* firstOrder(sampler, dataset.size) }
  const size = current.order.length
  if (size === 0)
    return yield* new LoaderError({ option: "dataset", reason: "The dataset is empty: it must have at least one row." })
  const batchesPerEpoch = dropLast ? Math.floor(size / batchSize) : Math.ceil(size / batchSize)
  if (batchesPerEpoch === 0) return yield* tooShort(size, batchSize)

  const orderOf = (epoch: number) => {
    if (epoch !== current.epoch) current = { epoch, order: sampler(dataset.size, epoch) }
    return current.order
  }
  return {
    batchesPerEpoch,
    size: dropLast ? batchesPerEpoch * batchSize : size,
    batch: (epoch, batch) =>
      Effect.suspend(() => {
        if (batch >= batchesPerEpoch) return Effect.undefined
        const indices = Array.from(orderOf(epoch).subarray(batch * batchSize, (batch + 1) * batchSize))
        return Effect.flatMap(dataset.rows(indices), (rows) =>
          Effect.map(collate(rows, indices, epoch), (tensors) => ({ tensors, rows: rows.length, indices }))
        )
      })
  }
})

/** **Errors**: `LoaderError` for a batch size that is not a positive integer. */
export const checkBatchSize = (batchSize: number): Effect.Effect<void, LoaderError> =>
  Number.isSafeInteger(batchSize) && batchSize > 0
    ? Effect.void
    : Effect.fail(
        new LoaderError({ option: "batchSize", reason: `The batch size is ${batchSize}: it must be a positive integer.` })
      )

const firstOrder = (sampler: Sampler, size: number): Effect.Effect<Int32Array, LoaderError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(sampler(size, 0))
    } catch (cause) {
      return cause instanceof InvalidSampler
        ? Effect.fail(new LoaderError({ option: "sampler", reason: cause.message }))
        : Effect.die(cause)
    }
  })

const tooShort = (size: number, batchSize: number) =>
  new LoaderError({
    option: "dropLast",
    reason: `The dataset has ${size} rows, fewer than one batch of ${batchSize}, and dropLast drops them: reduce the batch size or set dropLast to false.`
  })
