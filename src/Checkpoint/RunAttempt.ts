/** The identity of a run in a store: its name is the same across resumes, its attempts are counted from 1. */
import { Effect, Random, Schema } from "effect"

export const RunAttempt = Schema.Struct({ run: Schema.NonEmptyString, attempt: Schema.Natural })
export type RunAttempt = typeof RunAttempt.Type

/**
 * Counts the next attempt, or begins a run with a new name, which comes from the `Random` service. `last` is the latest attempt that a checkpoint in the store
 * was written by, whatever its run: a new run counts on from it, so that its checkpoints are the newest.
 */
export const next = (previous: RunAttempt | undefined, last = 0): Effect.Effect<RunAttempt> =>
  previous === undefined
    ? Effect.map(name, (run) => ({ run, attempt: last + 1 }))
    : Effect.succeed({ run: previous.run, attempt: previous.attempt + 1 })

/** 12 hexadecimal digits. */
const name = Effect.map(Random.nextIntBetween(0, 2 ** 48, { halfOpen: true }), (n) => n.toString(16).padStart(12, "0"))
