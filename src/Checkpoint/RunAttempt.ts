/** A run of a store: its name stays over resumes, its attempt counts them from 1. */
import { Effect, Random, Schema } from "effect"

export const RunAttempt = Schema.Struct({ run: Schema.NonEmptyString, attempt: Schema.Natural })
export type RunAttempt = typeof RunAttempt.Type

/** Counts the next attempt, or begins a run with a new name, which comes from the `Random` service. */
export const next = (previous: RunAttempt | undefined): Effect.Effect<RunAttempt> =>
  previous === undefined
    ? Effect.map(name, (run) => ({ run, attempt: 1 }))
    : Effect.succeed({ run: previous.run, attempt: previous.attempt + 1 })

/** 12 hexadecimal digits. */
const name = Effect.map(Random.nextIntBetween(0, 2 ** 48, { halfOpen: true }), (n) => n.toString(16).padStart(12, "0"))
