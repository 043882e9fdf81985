/** Loaders: the micro-batches of an epoch by number, so that a resumed run seeks instead of skipping. */
import { Effect, Schema } from "effect"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import { type Collator, stack } from "./Collator.ts"
import type { DataError, Dataset } from "./Dataset.ts"
import { InvalidSampler, type Sampler, sequential } from "./Sampler.ts"

export interface Batch {
  readonly tensors: HostTensors
  /** Rows in this micro-batch. */
  readonly rows: number
  /** Number of labels in the loss, if it differs from the number of rows. */
  readonly tokens?: number
  /** Indices of the rows in the dataset, or places in the stream, where they are known: for errors. */
  readonly indices?: ReadonlyArray<number>
}

export interface Loader {
  /** Micro-batches in an epoch; `Infinity` if unknown (a stream). */
  readonly batchesPerEpoch: number
  /** Rows in an epoch; `Infinity` if unknown. */
  readonly size: number
  /** Gives micro-batch `batch` of epoch `epoch`, or undefined past the end. A pure function of the cursor: reading again gives the same batch. */
  readonly batch: (epoch: number, batch: number) => Effect.Effect<Batch | undefined, DataError>
}

/** A loader that could never give a batch. */
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
  /** Leaves out the rows at the end of an epoch that do not fill a batch. Default false: they are a smaller batch. */
  readonly dropLast?: boolean
}

/**
 * Makes a loader over a dataset. Any batch of any epoch costs the same: its rows are read and no others. Only the order of the epoch
 * asked for last is kept.
 *
 * **Law**: the batches of an epoch, put together, are the sampler's order; a batch does not depend on which were read before
 * (test/property/Loader.test.ts).
 * **Errors**: `LoaderError` at once for a batch size that is no positive integer, an empty dataset, one that `dropLast` leaves empty,
 * or a sampler that is for another dataset.
 */
export const make = Effect.fnUntraced(function* <A>(
  options: Options<A> & { readonly dataset: Dataset<A>; readonly sampler?: Sampler }
): Effect.fn.Return<Loader, LoaderError> {
  const { batchSize, collate = stack(), dataset, dropLast = false, sampler = sequential } = options
  yield* checkBatchSize(batchSize)
  let current = { epoch: 0, order: yield* firstOrder(sampler, dataset.size) }
  const size = current.order.length
  if (size === 0) return yield* new LoaderError({ option: "dataset", reason: "The dataset is empty: there is nothing to read." })
  const batchesPerEpoch = dropLast ? Math.floor(size / batchSize) : Math.ceil(size / batchSize)
  if (batchesPerEpoch === 0) return yield* tooShort(size, batchSize)

  const orderOf = (epoch: number) => {
    if (epoch !== current.epoch) current = { epoch, order: sampler(dataset.size, epoch) }
    return current.order
  }
  return {
    batchesPerEpoch,
    size: dropLast ? batchesPerEpoch * batchSize : size,
    batch: Effect.fnUntraced(function* (epoch, batch) {
      if (batch >= batchesPerEpoch) return undefined
      const indices = Array.from(orderOf(epoch).subarray(batch * batchSize, (batch + 1) * batchSize))
      const rows = yield* dataset.rows(indices)
      return { tensors: yield* collate(rows, indices, epoch), rows: rows.length, indices }
    })
  }
})

/** **Errors**: `LoaderError` for a batch size that is not a positive integer. */
export const checkBatchSize = (batchSize: number): Effect.Effect<void, LoaderError> =>
  Number.isSafeInteger(batchSize) && batchSize > 0
    ? Effect.void
    : Effect.fail(
        new LoaderError({ option: "batchSize", reason: `The batch size is ${batchSize}: it must be 1, 2, 3, ... rows.` })
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
    reason: `The dataset has ${size} rows, fewer than one batch of ${batchSize}, and dropLast leaves them out: lower the batch size or turn dropLast off.`
  })
