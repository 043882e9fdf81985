/** A plan says what happens when: how far the run goes, its learning rate, when it logs, evaluates, saves and stops. */
import { Schema } from "effect"
import * as State from "../TrainerState.ts"
import type { Plan } from "./PlanType.ts"
import * as Retention from "./Retention.ts"
import * as Schedule from "./Schedule.ts"
import * as Trigger from "./Trigger.ts"

export type * from "./Event.ts"
export { guarded, PlanFailed } from "./PlanFailed.ts"
export type { Plan } from "./PlanType.ts"
export { applyReplies, play, resume } from "./Play.ts"
export { type Observed, type Script, type Simulation, Stalled, simulate } from "./Simulation.ts"

/** A plan that cannot be carried out. */
export class InvalidPlan extends Schema.TaggedError<InvalidPlan>()("InvalidPlan", { reason: Schema.String }) {
  override get message(): string {
    return this.reason
  }
}

/**
 * Makes a plan. By default it logs fifty times in a run, evaluates (where there are sets) and saves at each end of an epoch, and keeps all checkpoints.
 * With a `goal` it tracks the best checkpoint.
 *
 * **Errors**: throws `InvalidPlan` for a run without an end, and where the learning rate is no number (it wants the length of a run that has none).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Horizon, LearningRate, Plan, Trigger } from "regimen"
 *
 * const plan = Plan.make({
 *   horizon: Horizon.make({ epochs: 3, batchesPerEpoch: 100 }),
 *   learningRate: LearningRate.cosine({ peak: 1e-3, warmup: "0.1dur" }),
 *   evaluate: Trigger.every("0.5ep"),
 *   goal: { metric: "eval_loss", mode: "min" },
 *   sets: ["eval"]
 * })
 * const { events } = Result.getOrThrow(Plan.simulate(plan, { metrics: (_set, n) => ({ eval_loss: 1 / (n + 1) }) }))
 * assert.equal(events.filter((event) => event._tag === "Evaluated").length, 6)
 * ```
 */
export const make = (
  options: Pick<Plan, "horizon" | "learningRate"> &
    Partial<Omit<Plan, "horizon" | "learningRate" | "watches">> & {
      /** The metric that says which checkpoint is the best. */
      readonly goal?: Schedule.Goal
    }
): Plan => {
  const { goal, horizon, learningRate, sets = [], ...given } = options
  if (!Number.isFinite(horizon.maxSteps) && !Number.isFinite(horizon.epochs))
    throw new InvalidPlan({ reason: "The run has no end. Give its horizon `maxSteps` or `epochs`." })
  if (typeof learningRate !== "function")
    throw new InvalidPlan({
      reason: `The learning rate is ${String(learningRate)}; expected a function, for example LearningRate.constant({ peak: 1e-3 }).`
    })
  if (!Number.isFinite(learningRate(State.initial, horizon)))
    throw new InvalidPlan({
      reason: "The learning rate is not a number. Where the length of an epoch is unknown, give the horizon `maxSteps`."
    })
  return {
    horizon,
    learningRate,
    log: Trigger.every("0.02dur"),
    evaluate: sets.length > 0 ? Trigger.epochEnd : Trigger.never,
    save: Trigger.epochEnd,
    stop: Schedule.constant(false),
    best: goal === undefined ? Schedule.constant(null) : Schedule.bestStep(goal),
    retention: Retention.keepAll,
    restoreBest: false,
    evaluateOnStart: false,
    ...given,
    watches: goal === undefined ? [] : [goal.metric],
    sets
  }
}
