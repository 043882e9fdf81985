/** Retention says which checkpoints stay, by step. It is asked after every save, and once more at the end of the run (`finished`). */
import type { TrainerState } from "../TrainerState.ts"

export type Retention = (state: TrainerState, finished: boolean) => ReadonlyArray<number>

/** Keeps every checkpoint. */
export const keepAll: Retention = (state) => state.checkpoints

/**
 * Keeps the newest `limit` checkpoints, and the best among them where the plan tracks it: a best that is older takes the place of the oldest that would stay.
 * With a limit of 1 the best and the newest both stay while the run goes on; at its end only the best.
 *
 * **Law**: in training the newest and the best are kept, and at most max(limit, 2 where they differ) (test/property/retention.test.ts).
 *
 * **Errors**: throws a `RangeError` for a limit that is not a whole number of at least 1.
 *
 * **Source**: `save_total_limit`, at the end too.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Retention, TrainerState } from "regimen"
 *
 * const state = { ...TrainerState.initial, checkpoints: [10, 20, 30, 40], bestCheckpoint: 20 }
 * assert.deepEqual(Retention.keepLast(2)(state, false), [20, 40])
 * ```
 */
export const keepLast = (limit: number): Retention => {
  if (!(Number.isInteger(limit) && limit >= 1))
    throw new RangeError(`Retention.keepLast needs a whole number of at least 1, not ${limit}.`)
  return ({ bestCheckpoint, checkpoints }, finished) => {
    const best = checkpoints.find((step) => step === bestCheckpoint)
    if (best === undefined) return finished ? checkpoints : checkpoints.slice(-limit)
    if (finished) return limit === 1 ? [best] : checkpoints
    const newest = checkpoints.at(-1)
    const room = limit - (best === newest ? 1 : 2)
    const others = checkpoints.filter((step) => step !== best && step !== newest).slice(room > 0 ? -room : Infinity)
    return checkpoints.filter((step) => step === best || step === newest || others.includes(step))
  }
}
