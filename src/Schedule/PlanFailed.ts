/** Guards the user's functions in a plan: what they throw, and learning rates that are none, become one typed error. */
import { Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { TrainerState } from "../TrainerState.ts"
import type { Plan } from "./PlanType.ts"

/** The functions of a plan that decide. */
export const Part = Schema.Literals(["learningRate", "log", "evaluate", "save", "stop", "best", "retention"])
export type Part = typeof Part.Type

/** A function of the plan threw, or its value is invalid. What it was to decide has not happened; the state before it is kept. */
export class PlanFailed extends Schema.TaggedError<PlanFailed>()("PlanFailed", {
  part: Part,
  /** Updates done in the state that it was given. */
  step: Schema.Number,
  reason: Schema.String
}) {
  override get message(): string {
    return `The plan's ${this.part} failed at step ${this.step}: ${this.reason}. Correct it and resume: the state before it is kept.`
  }
}

/**
 * Wraps the functions of a plan, so that they throw `PlanFailed` and nothing else.
 *
 * **Errors**: they throw `PlanFailed` for what the plan's own function throws, for a decision that is no boolean, and for a learning rate that is negative or not finite.
 */
export const guarded = (plan: Plan): Plan => ({
  ...plan,
  learningRate: (state, horizon) => {
    const rate = call("learningRate", state, () => plan.learningRate(state, horizon))
    if (Number.isFinite(rate) && rate >= 0) return rate
    throw failed(
      "learningRate",
      state,
      `the learning rate for update ${state.step + 1} is ${typeof rate === "string" ? `the string ${JSON.stringify(rate)}` : String(rate)}; expected a number of at least 0`
    )
  },
  log: (before, after, horizon) => decide("log", after, () => plan.log(before, after, horizon)),
  evaluate: (before, after, horizon) => decide("evaluate", after, () => plan.evaluate(before, after, horizon)),
  save: (before, after, horizon) => decide("save", after, () => plan.save(before, after, horizon)),
  stop: (state, horizon) => decide("stop", state, () => plan.stop(state, horizon)),
  best: (state, horizon) => call("best", state, () => plan.best(state, horizon)),
  retention: (state, finished) => call("retention", state, () => plan.retention(state, finished))
})

const call = <A>(part: Part, state: TrainerState, run: () => A): A => {
  try {
    return run()
  } catch (cause) {
    throw cause instanceof PlanFailed ? cause : failed(part, state, messageOf(cause)) // a guarded plan may be guarded again
  }
}

/** Calls a trigger, or the end of the run. */
const decide = (part: Part, state: TrainerState, run: () => boolean): boolean => {
  const decision: unknown = call(part, state, run)
  if (typeof decision === "boolean") return decision
  throw failed(part, state, `it returned ${String(decision)}; expected true or false`)
}

const failed = (part: Part, { step }: TrainerState, reason: string) => new PlanFailed({ part, step, reason })
