/** How far a run goes. It belongs to the plan and not to the state, so that a resumed run may have another one. */

export interface Horizon {
  /** Optimizer updates in all. */
  readonly maxSteps: number
  /** Epochs in all; `Infinity` when only `maxSteps` ends the run. */
  readonly epochs: number
  /** Micro-batches in an epoch; `Infinity` if unknown (a stream). */
  readonly batchesPerEpoch: number
  /** Micro-batches in an update; the last update of an epoch takes what is left, where the epoch's length is known. */
  readonly accumulation: number
}

/** No steps at all: the horizon where there is no run. */
export const zero: Horizon = { maxSteps: 0, epochs: 0, batchesPerEpoch: 0, accumulation: 1 }

/** Gives the updates in an epoch. **Unit**: steps. */
export const stepsPerEpoch = (horizon: Horizon): number => Math.max(1, Math.ceil(horizon.batchesPerEpoch / horizon.accumulation))

/**
 * Makes the horizon of a run over `epochs` (fractions allowed) or `maxSteps` (which wins where both are given).
 *
 * **Unit**: `batchesPerEpoch` and `accumulation` in micro-batches, `maxSteps` in updates.
 */
export const make = (options: {
  readonly epochs?: number
  readonly maxSteps?: number
  readonly batchesPerEpoch: number
  readonly accumulation?: number
}): Horizon => {
  const { batchesPerEpoch, accumulation = 1 } = options
  const perEpoch = Math.max(1, Math.ceil(batchesPerEpoch / accumulation))
  if (options.maxSteps !== undefined) {
    return {
      maxSteps: options.maxSteps,
      epochs: Number.isFinite(perEpoch) ? Math.ceil(options.maxSteps / perEpoch) : Infinity,
      batchesPerEpoch,
      accumulation
    }
  }
  const epochs = options.epochs ?? 1
  return { maxSteps: Math.ceil(epochs * perEpoch), epochs: Math.ceil(epochs), batchesPerEpoch, accumulation }
}
