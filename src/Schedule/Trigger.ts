/** A pure function of the states before and after a transition: whether something (a log, an evaluation, a save) happens there. */
import { Function as Fn, Pipeable } from "effect"
import type { TrainerState } from "../TrainerState.ts"
import * as Clock from "./Clock.ts"
import type { Horizon } from "./Horizon.ts"
import * as Schedule from "./Schedule.ts"

export interface Trigger extends Pipeable.Pipeable {
  (before: TrainerState, after: TrainerState, horizon: Horizon): boolean
}

export declare namespace Trigger {
  /** Wherever a trigger is wanted, a plain function of the two states will do. */
  export type Input = (before: TrainerState, after: TrainerState, horizon: Horizon) => boolean
}

/** Makes a trigger from a plain function. Transitions are the end of an update and the end of an epoch. */
export const make = (edge: Trigger.Input): Trigger =>
  Object.assign((before: TrainerState, after: TrainerState, horizon: Horizon) => edge(before, after, horizon), Pipeable.Prototype)

/** Never fires. */
export const never: Trigger = make(() => false)

/**
 * Fires whenever a clock crosses a multiple of a span.
 *
 * **Unit**: a number counts updates; strings carry their unit: `"2ep"` (epochs), `"500ba"` (updates), `"10_000sp"` (samples), `"1e6tok"` (tokens), `"0.1dur"`
 * (a part of the run).
 *
 * **Law**: it fires on a transition from a to b exactly when floor(b/n) > floor(a/n), so how often it fires in a run does not depend on where the run is interrupted
 * (test/property/trigger.test.ts). Counted in integers: a tenth of an epoch never misses a multiple.
 *
 * **Errors**: throws `InvalidSpan` for a span that cannot be parsed, and for a span of 0.
 *
 * **Source**: `logging_steps`, `eval_steps`, `save_steps` compile to it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, TrainerState, Trigger } from "regimen"
 *
 * const save = Trigger.every("1ep").pipe(Trigger.or(Trigger.reaches(5)))
 * const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 4 })
 * const at = (batch: number) => ({ ...TrainerState.initial, step: batch, position: { epoch: 0, batch } })
 * assert.deepEqual([3, 4, 5].map((batch) => save(at(batch - 1), at(batch), horizon)), [false, true, true])
 * ```
 */
export const every = (span: Clock.Span.Input): Trigger => {
  const parsed = Clock.fromInput(span)
  if (parsed.count.over === 0) throw new Clock.InvalidSpan({ span: JSON.stringify(span), reason: "a span of 0 has no multiples" })
  return make((before, after, horizon) => Clock.passed(parsed, after, horizon) > Clock.passed(parsed, before, horizon))
}

/** Fires at the end of each epoch, including epochs that a stop ends early. */
export const epochEnd: Trigger = every(Clock.span(1, Clock.epochsEnded))

/** Fires once, when a clock reaches a span. */
export const reaches = (span: Clock.Span.Input): Trigger => onset(Schedule.reached(span))

/** Fires when a condition (a boolean Schedule) becomes true. */
export const onset = (condition: Schedule.Schedule.Input<boolean>): Trigger =>
  make((before, after, horizon) => !condition(before, horizon) && condition(after, horizon))

/**
 * Fires when the value of a Schedule changes: `changes(Schedule.bestStep(goal))` saves each new best.
 *
 * **Law**: values are compared with `Object.is`, so they should be numbers, strings or booleans.
 */
export const changes = (schedule: Schedule.Schedule.Input<unknown>): Trigger =>
  make((before, after, horizon) => !Object.is(schedule(before, horizon), schedule(after, horizon)))

/** Fires when a trigger does and a condition (a boolean Schedule) is true: `Trigger.every(100).pipe(Trigger.when(Schedule.reached("1ep")))`. */
export const when: {
  (condition: Schedule.Schedule.Input<boolean>): (self: Trigger.Input) => Trigger
  (self: Trigger.Input, condition: Schedule.Schedule.Input<boolean>): Trigger
} = Fn.dual(2, (self: Trigger.Input, condition: Schedule.Schedule.Input<boolean>) =>
  make((before, after, horizon) => condition(after, horizon) && self(before, after, horizon))
)

/** Fires when either does. */
export const or: {
  (that: Trigger.Input): (self: Trigger.Input) => Trigger
  (self: Trigger.Input, that: Trigger.Input): Trigger
} = Fn.dual(2, (self: Trigger.Input, that: Trigger.Input) =>
  make((before, after, horizon) => self(before, after, horizon) || that(before, after, horizon))
)

/** Fires when both do, on the same transition. */
export const and: {
  (that: Trigger.Input): (self: Trigger.Input) => Trigger
  (self: Trigger.Input, that: Trigger.Input): Trigger
} = Fn.dual(2, (self: Trigger.Input, that: Trigger.Input) =>
  make((before, after, horizon) => self(before, after, horizon) && that(before, after, horizon))
)

/** Fires on the transitions where a trigger does not. */
export const not = (self: Trigger.Input): Trigger => make((before, after, horizon) => !self(before, after, horizon))
