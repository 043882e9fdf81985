/** A loader gives the micro-batches of an epoch by number, so that a resumed run seeks instead of skipping. */
import type { Effect } from "effect"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { DataError } from "./Dataset.ts"

export interface Batch {
  readonly tensors: HostTensors
  /** Rows in this micro-batch. */
  readonly rows: number
  /** Labels that count in the loss, where it is not one a row. */
  readonly tokens?: number
  /** Dataset indices of the rows, where they are known: for tests and for the log. */
  readonly indices?: ReadonlyArray<number>
}

export interface Loader {
  /** Micro-batches in an epoch; `Infinity` when nobody knows (a stream). */
  readonly batchesPerEpoch: number
  /** Rows in an epoch; `Infinity` when nobody knows. */
  readonly size: number
  /** Gives micro-batch `batch` of epoch `epoch`, or undefined past the end. A pure function of the cursor: asking again is harmless. */
  readonly batch: (epoch: number, batch: number) => Effect.Effect<Batch | undefined, DataError>
}
