/** Checks the form of a plan before the run touches its store: its keys, and that what decides is a function. */
import { Result } from "effect"
import type { Plan } from "../Schedule/Plan.ts"
import { InvalidTask } from "./Errors.ts"
import * as OptionNames from "./OptionNames.ts"

/**
 * Checks that a plan has no unknown key and that its schedules and triggers are functions.
 *
 * **Errors**: fails with `InvalidTask`, which suggests the nearest key.
 */
export const check = (plan: Plan): Result.Result<Plan, InvalidTask> => {
  if (Object(plan) !== plan)
    return refuse(`Expected a plan, got ${describe(plan)}: return the plan that was given, with your changes in it.`)
  const unknown = OptionNames.check("A plan", plan, Object.keys(kinds))
  if (Result.isFailure(unknown)) return Result.fail(unknown.failure)
  const wrong = Object.entries(kinds).find(([name, kind]) => kind === "function" && typeof plan[name as keyof Plan] !== kind)
  if (wrong === undefined) return Result.succeed(plan)
  const [name] = wrong as [keyof typeof advice, string]
  return refuse(`The plan's ${name} is ${describe(plan[name])}; expected a function${advice[name] ?? ""}.`)
}

const kinds = {
  horizon: "value",
  learningRate: "function",
  log: "function",
  evaluate: "function",
  save: "function",
  stop: "function",
  patience: "value",
  best: "function",
  retention: "function",
  restoreBest: "value",
  evaluateOnStart: "value",
  watches: "value",
  sets: "value"
} as const satisfies Readonly<Record<keyof Plan, "function" | "value">>

const trigger = ", for example Trigger.every(100)"

const advice: Readonly<Partial<Record<keyof Plan, string>>> = {
  learningRate: ". For a constant rate give LearningRate.constant({ peak: 1e-3 })",
  log: trigger,
  evaluate: trigger,
  save: trigger,
  stop: ", for example Schedule.reached(1000)"
}

const describe = (value: unknown): string => {
  if (value === undefined) return "undefined"
  return typeof value === "string" ? `the string ${JSON.stringify(value)}` : `the ${typeof value} ${String(value)}`
}

const refuse = (reason: string) => Result.fail(new InvalidTask({ reason }))
