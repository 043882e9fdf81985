/** The search for a micro-batch that fits into the device's memory: a smaller one is tried, and more of them make an update, so that an update stays what it is. */
import { Effect } from "effect"
import { trainBatchSize } from "../Arguments/Arguments.ts"
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import { BatchTooLarge } from "../Driver/Errors.ts"
import { make, type Observer } from "../Driver/Observer.ts"
import * as ResumeFrom from "../Driver/ResumeFrom.ts"
import { DeviceError } from "../Layer/Device/Device.ts"
import type { Args } from "./DataLoaders.ts"

/**
 * Attempts a run, and when memory runs out in its first update or the dry run of it, attempts it again with half the rows in a micro-batch and twice
 * the accumulation; where the rows are odd, with the next smaller part of them. A run that goes on from a checkpoint keeps the rows that it was found to fit
 * with, for its place in the data is counted in them.
 *
 * **Law**: the losses are those of a run with that batch size and accumulation given by hand (test/unit/Program/BatchFinder.test.ts).
 * **Errors**: `BatchTooLarge` when one row does not fit, or memory runs out after the first update.
 * **Source**: `auto_find_batch_size`; there an update gets smaller too.
 */
export const find = Effect.fnUntraced(function* <A, E, R>(
  given: Args,
  from: ResumeFrom.From,
  attempt: (args: Args, observe: Observer) => Effect.Effect<A, E | DeviceError, R>
) {
  const found = yield* ResumeFrom.resume(from)
  let begun = found !== undefined && found.state.step > 0
  let args = begun ? asBefore(given, found!) : given
  const observe = make({
    Updated: () =>
      Effect.sync(() => {
        begun = true
        return []
      })
  })
  for (;;) {
    const outcome = yield* Effect.result(attempt(args, observe))
    if (outcome._tag === "Success") return outcome.success
    const error = outcome.failure
    if (!(error instanceof DeviceError && error.outOfMemory && inUpdate.test(error.during))) return yield* Effect.fail(error)
    const next = begun ? undefined : smaller(args)
    const rows = trainBatchSize(args)
    if (next === undefined)
      return yield* new BatchTooLarge({ rows, device: error.device, during: error.during, reason: error.reason })
    yield* Effect.logWarning(
      `A micro-batch of ${rows} rows does not fit into the memory of device ${error.device}: trying ${trainBatchSize(next)} rows, and ${next.gradientAccumulationSteps} micro-batches in an update.`
    )
    args = next
  }
})

/** The batch sizes in a run's configuration, which checkpoints save and a resumed run reads. */
export const recorded = (args: Args) => ({
  per_device_train_batch_size: trainBatchSize(args),
  gradient_accumulation_steps: args.gradientAccumulationSteps
})

/** Fewer rows in a micro-batch, the same in an update; undefined when there is one. */
export const smaller = (args: Args): Args | undefined => {
  const rows = trainBatchSize(args)
  let part = Math.floor(rows / 2)
  while (part > 1 && rows % part !== 0) part--
  return part === 0 ? undefined : resized(args, part)
}

const resized = (args: Args, rows: number): Args => ({
  ...args,
  perDeviceTrainBatchSize: rows,
  perGpuTrainBatchSize: null,
  gradientAccumulationSteps: (args.gradientAccumulationSteps * trainBatchSize(args)) / rows
})

/** The batches of the checkpoint, where an update has as many rows as is asked for now. */
const asBefore = (args: Args, { meta }: Checkpoint): Args => {
  const { per_device_train_batch_size: rows, gradient_accumulation_steps: accumulation } = meta
  const all = trainBatchSize(args) * args.gradientAccumulationSteps
  return typeof rows === "number" && typeof accumulation === "number" && rows * accumulation === all ? resized(args, rows) : args
}

/** Matches `DeviceError.during` of an update. */
const inUpdate = /\bstep \d+$/
