/** The Trainer's methods about its data. */
import { Effect } from "effect"
import { type Arguments, ContradictoryArguments, trainBatchSize } from "../Arguments/Arguments.ts"
import type { Loader } from "../Data/Loader.ts"

/** Counts the rows of a loader in an epoch; if the size is unknown, estimates them from the number of batches. */
export const numExamples = (args: Arguments, loader: Loader): number =>
  Number.isFinite(loader.size) ? loader.size : loader.batchesPerEpoch * trainBatchSize(args)

/** Counts the elements of `input_ids` in an epoch, or in so many steps, by reading the batches. */
export const numTokens = Effect.fnUntraced(function* (loader: Loader, maxSteps = Number.POSITIVE_INFINITY) {
  if (!Number.isFinite(loader.batchesPerEpoch) && !Number.isFinite(maxSteps))
    return yield* new ContradictoryArguments({
      names: ["max_steps"],
      reason: "The tokens of an endless stream cannot be counted. Give the number of steps."
    })
  let tokens = 0
  for (let step = 0; step < maxSteps; step++) {
    const batch = yield* loader.batch(0, step)
    if (batch === undefined) break
    tokens += batch.tensors.input_ids?.data.length ?? 0
  }
  return tokens
})
