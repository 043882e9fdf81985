/** Runtime and speeds. **Unit**: s, and samples, steps or tokens per s. */
import * as PythonNumbers from "../Format/PythonNumbers.ts"

/** The amounts that were processed. Omitted ones have no speed. */
export interface Work {
  readonly samples?: number
  readonly steps?: number
  readonly tokens?: number
}

/**
 * Computes runtime and speeds of a split, named and rounded as in the Trainer: the runtime to four decimals, speeds to three. There are no speeds for a
 * runtime of 0.
 *
 * **Source**: `speed_metrics`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Speed } from "regimen/metrics"
 *
 * assert.deepEqual(Speed.measure("train", 1.5, { samples: 20, steps: 5 }), {
 *   train_runtime: 1.5,
 *   train_samples_per_second: 13.333,
 *   train_steps_per_second: 3.333
 * })
 * ```
 */
export const measure = (split: string, runtime: number, work: Work): Readonly<Record<string, number>> => {
  const speeds = (["samples", "steps", "tokens"] as const).flatMap((what) => {
    const amount = work[what]
    return amount === undefined || !(runtime > 0)
      ? []
      : [[`${split}_${what}_per_second`, PythonNumbers.round(amount / runtime, 3)]]
  })
  return { [`${split}_runtime`]: PythonNumbers.round(runtime, 4), ...Object.fromEntries(speeds) }
}
