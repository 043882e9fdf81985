/** A pure function of the state and the horizon: a number such as the learning rate, or a condition (a boolean) such as whether to stop. */
import { Duration, Effect, Schedule as EffectSchedule, Function as Fn, Pipeable } from "effect"
import type { TrainerState } from "../TrainerState.ts"
import * as State from "../TrainerState.ts"
import * as Clock from "./Clock.ts"
import type { Horizon } from "./Horizon.ts"

export interface Schedule<out A> extends Pipeable.Pipeable {
  (state: TrainerState, horizon: Horizon): A
}

export declare namespace Schedule {
  /** Wherever a schedule is wanted, a plain function of the state will do. */
  export type Input<A> = (state: TrainerState, horizon: Horizon) => A
}

/** Whether more is better (accuracy) or less (a loss). */
export type Mode = "max" | "min"

/** A metric under its full name (`eval_loss`) and what is better. */
export interface Goal {
  readonly metric: string
  readonly mode: Mode
}

export interface Best {
  readonly metric: number
  readonly step: number
}

/**
 * Makes a schedule from a plain function of the state and of how far the run goes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, Schedule, TrainerState } from "regimen"
 *
 * const half = Schedule.make((state, horizon) => state.step >= horizon.maxSteps / 2)
 * assert.equal(half(TrainerState.initial, Horizon.make({ maxSteps: 10, batchesPerEpoch: 5 })), false)
 * ```
 */
export const make = <A>(schedule: Schedule.Input<A>): Schedule<A> =>
  Object.assign((state: TrainerState, horizon: Horizon) => schedule(state, horizon), Pipeable.Prototype)

/** Makes a schedule that never changes. */
export const constant = <A>(value: A): Schedule<A> => make(() => value)

/** Says whether a clock has reached a span: `Schedule.reached("0.5dur")` is true in the second half of the run. */
export const reached = (at: Clock.Span.Input): Schedule<boolean> => {
  const span = Clock.fromInput(at)
  return make((state, horizon) => Clock.reached(span, state, horizon))
}

/**
 * Gives the best value so far and its step, or null before there is one. An evaluation made before the first update does not count, nor one without
 * the metric or with NaN; of equals the first stays.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, Schedule, TrainerState } from "regimen"
 *
 * const best = Schedule.best({ metric: "eval_loss", mode: "min" })
 * const state = TrainerState.evaluated({ ...TrainerState.initial, step: 5 }, { eval_loss: 0.5 }, false)
 * assert.deepEqual(best(state, Horizon.make({ maxSteps: 9, batchesPerEpoch: 3 })), { metric: 0.5, step: 5 })
 * ```
 */
export const best = ({ metric, mode }: Goal): Schedule<Best | null> => {
  const fold = State.fold<Best | null>(null, (best, evaluation) => {
    const value = evaluation.metrics[metric]
    if (evaluation.initial || value === undefined || Number.isNaN(value)) return best
    return best === null || better(mode, value, best.metric) ? { metric: value, step: evaluation.step } : best
  })
  return make((state) => fold(state.evaluations))
}

/** Gives the step of the best evaluation so far, or null. **Unit**: updates. */
export const bestStep = (goal: Goal): Schedule<number | null> => map(best(goal), (best) => best?.step ?? null)

/**
 * Stops early: true once a metric has not become better in `patience` evaluations in a row, and from then on: a run that was stopped and is resumed
 * stays stopped, whatever an evaluation after the stop found.
 *
 * **Unit**: `patience` in evaluations; `threshold` in the metric's own unit: better by no more than that does not count, but moves the best all the same.
 *
 * **Source**: `EarlyStoppingCallback`; unlike there, the count survives a resume.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, Schedule, TrainerState } from "regimen"
 *
 * const stop = Schedule.impatient({ metric: "eval_loss", mode: "min", patience: 2 })
 * const losses = [0.5, 0.6, 0.5]
 * const state = losses.reduce((state, eval_loss) => TrainerState.evaluated(state, { eval_loss }, false), TrainerState.initial)
 * assert.equal(stop(state, Horizon.make({ maxSteps: 9, batchesPerEpoch: 3 })), true)
 * ```
 */
export const impatient = (options: Patience): Schedule<boolean> => {
  const seen = waiting(options)
  return make((state) => seen(state.evaluations).over)
}

/** What early stopping waits for, and how long. */
export interface Patience extends Goal {
  readonly patience: number
  readonly threshold?: number
}

/** Counts the evaluations in a row that were not better by more than the threshold, until `impatient` stops. **Unit**: evaluations. */
export const waited = (options: Patience): Schedule<number> => {
  const seen = waiting(options)
  return make((state) => seen(state.evaluations).bad)
}

/**
 * Applies a function to a schedule's value.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, Schedule, TrainerState } from "regimen"
 *
 * const seed = Schedule.make((state) => state.step).pipe(Schedule.map((step) => step + 100))
 * assert.equal(seed(TrainerState.initial, Horizon.make({ maxSteps: 1, batchesPerEpoch: 1 })), 100)
 * ```
 */
export const map: {
  <A, B>(f: (level: A) => B): (self: Schedule.Input<A>) => Schedule<B>
  <A, B>(self: Schedule.Input<A>, f: (level: A) => B): Schedule<B>
} = Fn.dual(2, <A, B>(self: Schedule.Input<A>, f: (level: A) => B) => make((state, horizon) => f(self(state, horizon))))

/** Pairs two levels. */
export const zip: {
  <B>(that: Schedule.Input<B>): <A>(self: Schedule.Input<A>) => Schedule<readonly [A, B]>
  <A, B>(self: Schedule.Input<A>, that: Schedule.Input<B>): Schedule<readonly [A, B]>
} = Fn.dual(2, <A, B>(self: Schedule.Input<A>, that: Schedule.Input<B>) =>
  make((state, horizon) => [self(state, horizon), that(state, horizon)] as const)
)

/** Combines the values of two schedules: `Schedule.zipWith(impatient, late, (a, b) => a || b)`. */
export const zipWith: {
  <A, B, C>(that: Schedule.Input<B>, f: (a: A, b: B) => C): (self: Schedule.Input<A>) => Schedule<C>
  <A, B, C>(self: Schedule.Input<A>, that: Schedule.Input<B>, f: (a: A, b: B) => C): Schedule<C>
} = Fn.dual(3, <A, B, C>(self: Schedule.Input<A>, that: Schedule.Input<B>, f: (a: A, b: B) => C) =>
  make((state, horizon) => f(self(state, horizon), that(state, horizon)))
)

/**
 * Follows one schedule up to a boundary and another from there on. Each is played as if its part were the whole run, so `"0.1dur"` inside
 * `second` means a tenth of what is left.
 *
 * **Unit**: `at` in updates, epochs or a part of the run; where it falls between updates, the next one.
 *
 * **Law**: from boundary b on it equals `second` on a clock that reads b less (test/property/schedule.test.ts). Steps, the data cursor
 * and the horizon are moved; samples, tokens and evaluations are those of the whole run.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, LearningRate, Schedule, TrainerState } from "regimen"
 *
 * const rate = LearningRate.constant({ peak: 1 }).pipe(Schedule.join(LearningRate.linear({ peak: 1 }), "0.5dur"))
 * const horizon = Horizon.make({ maxSteps: 8, batchesPerEpoch: 8 })
 * const rates = [0, 3, 4, 5, 6, 7].map((step) => rate({ ...TrainerState.initial, step }, horizon))
 * assert.deepEqual(rates, [1, 1, 1, 0.75, 0.5, 0.25])
 * ```
 */
export const join: {
  <B>(second: Schedule.Input<B>, at: Clock.Span.Planned): <A>(self: Schedule.Input<A>) => Schedule<A | B>
  <A, B>(self: Schedule.Input<A>, second: Schedule.Input<B>, at: Clock.Span.Planned): Schedule<A | B>
} = Fn.dual(3, <A, B>(self: Schedule.Input<A>, second: Schedule.Input<B>, at: Clock.Span.Planned) => {
  const span = Clock.planned(at)
  return make<A | B>((state, horizon) => {
    const boundary = Clock.toSteps(span, horizon)
    return state.step < boundary
      ? self(state, { ...horizon, maxSteps: Math.min(boundary, horizon.maxSteps) })
      : second(Clock.rewind(state, horizon, boundary), { ...horizon, maxSteps: Math.max(0, horizon.maxSteps - boundary) })
  })
})

/**
 * Converts to a Schedule of Effect, which recurs forever, takes states and outputs the schedule's values. There is no conversion back, since Effect's
 * schedules hide their counters.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect, Schedule as EffectSchedule } from "effect"
 * import { Horizon, Schedule, TrainerState } from "regimen"
 *
 * const horizon = Horizon.make({ maxSteps: 3, batchesPerEpoch: 3 })
 * const unfinished = Schedule.toEffect(Schedule.reached("1dur"), horizon).pipe(EffectSchedule.while(({ output }) => !output))
 * let state = TrainerState.initial
 * const step = Effect.sync(() => (state = { ...state, step: state.step + 1 }))
 * await Effect.runPromise(Effect.repeat(step, unfinished))
 * assert.equal(state.step, 3)
 * ```
 */
export const toEffect: {
  (horizon: Horizon): <A>(self: Schedule.Input<A>) => EffectSchedule.Schedule<A, TrainerState>
  <A>(self: Schedule.Input<A>, horizon: Horizon): EffectSchedule.Schedule<A, TrainerState>
} = Fn.dual(2, <A>(self: Schedule.Input<A>, horizon: Horizon) =>
  EffectSchedule.fromStep(
    Effect.succeed((_now: number, state: TrainerState) =>
      Effect.succeed([self(state, horizon), Duration.zero] as [A, Duration.Duration])
    )
  )
)

const better = (mode: Mode, a: number, b: number): boolean => (mode === "max" ? a > b : a < b)

const waiting = ({ metric, mode, patience, threshold = 0 }: Patience) =>
  State.fold<{ readonly best: number | null; readonly bad: number; readonly over: boolean }>(
    { best: null, bad: 0, over: false },
    (seen, evaluation) => {
      const value = evaluation.metrics[metric]
      if (value === undefined || seen.over) return seen
      const improved = !Number.isNaN(value) && (seen.best === null || better(mode, value, seen.best))
      const enough = improved && (seen.best === null || Math.abs(value - seen.best) > threshold)
      const bad = enough ? 0 : seen.bad + 1
      return { best: improved && !evaluation.initial ? value : seen.best, bad, over: bad >= patience }
    }
  )
