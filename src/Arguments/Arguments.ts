/** Training arguments: the page's TrainingArguments as checked values. They compile to a plan and an optimizer (Compile.ts). */
import { Result, Schema } from "effect"
import type { ArgumentsError } from "./Errors.ts"
import { ContradictoryArguments, InvalidArgument, UnknownArgument } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { fields } from "./Fields.ts"
import * as LowRank from "./LowRank.ts"
import { type Camel, nearest, toCamel } from "./Names.ts"

export { type ArgumentsError, ContradictoryArguments, InvalidArgument, UnknownArgument } from "./Errors.ts"

type Fields = typeof fields
type Valued<F> = F extends Field<infer A> ? A : never

/** A name on the page. */
export type Name = keyof Fields

/** All arguments, checked. */
export type Arguments = { readonly [K in Name as Camel<K>]: Valued<Fields[K]> }

/** What is given; the rest has the page's defaults. */
export type Input = { readonly [K in Name as Camel<K>]?: Valued<Fields[K]> | undefined }

/** Arguments as they were read, and what to tell whoever wrote them. */
export interface Parsed {
  readonly input: Input
  readonly warnings: ReadonlyArray<string>
}

/** The table's rows by page name. */
export const names = Object.keys(fields) as ReadonlyArray<Name>

/** Spellings that the page has given up: read, with a word on it. */
const removed: Readonly<Record<string, Name>> = { evaluation_strategy: "eval_strategy" }

/** Gives the name on the page that a spelling stands for, where there is one. */
export const nameOf = (written: string): Name | undefined =>
  Object.hasOwn(fields, written) ? (written as Name) : Object.hasOwn(removed, written) ? removed[written] : undefined

/**
 * Makes arguments from what is given, the page's defaults for the rest, and checks each value and all against each other.
 *
 * **Errors**: fails with `InvalidArgument` or `ContradictoryArguments`, whose message says what to change; with `UnknownArgument` for a name that
 * slipped past the types.
 *
 * **Source**: `TrainingArguments.__init__` and its checks; refused beyond them is what can only fail later (a batch size of 0, a negative learning rate).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ learningRate: 1e-3, evalStrategy: "epoch" }))
 * assert.equal(args.numTrainEpochs, 3)
 * assert.throws(() => Result.getOrThrow(Arguments.make({ perDeviceTrainBatchSize: 0 })), /per_device_train_batch_size is 0/)
 * ```
 */
export const make = (input: Input): Result.Result<Arguments, ArgumentsError> => {
  const given = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const values: Record<string, unknown> = {}
  for (const name of names) {
    const key = toCamel(name)
    const field: Field<unknown> = fields[name]
    const value = given.has(key) ? given.get(key) : field.default
    given.delete(key)
    if (!Schema.is(field.schema)(value))
      return Result.fail(new InvalidArgument({ argument: name, value, expected: field.expected }))
    values[key] = value
  }
  for (const name of given.keys()) return Result.fail(unknown(name, names.map(toCamel)))
  return check(values as unknown as Arguments)
}

/**
 * Reads arguments from JSON with the page's names.
 *
 * **Errors**: fails with `UnknownArgument`, which names the nearest that there is; `make` checks the values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * assert.throws(() => Result.getOrThrow(Arguments.fromJson({ learning_rat: 1 })), /Did you mean learning_rate/)
 * ```
 */
export const fromJson = (json: unknown): Result.Result<Parsed, ArgumentsError> => {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return Result.fail(new InvalidArgument({ argument: "args", value: json, expected: "an object of arguments" }))
  const input: Record<string, unknown> = {}
  const warnings: Array<string> = []
  for (const [written, value] of Object.entries(json)) {
    const name = nameOf(written)
    if (name === undefined) return Result.fail(unknown(written))
    if (name !== written) warnings.push(`${written} is called ${name} now.`)
    input[toCamel(name)] = value
  }
  return Result.succeed({ input: input as Input, warnings })
}

/** Writes arguments as JSON with the page's names, defaults included. **Law**: `fromJson` and `make` give them back (test/property/arguments.test.ts). */
export const toJson = (args: Arguments): Readonly<Record<Name, unknown>> =>
  Object.fromEntries(names.map((name) => [name, args[toCamel(name)]])) as Record<Name, unknown>

/** The metric that decides what is best, under its full name; null where nothing asks. */
export const goal = (args: Arguments): { readonly metric: string; readonly mode: "min" | "max" } | null => {
  const asked = args.loadBestModelAtEnd || args.lrSchedulerType === "reduce_lr_on_plateau"
  const metric = args.metricForBestModel ?? (asked ? "loss" : null)
  if (metric === null) return null
  const greater = args.greaterIsBetter ?? !metric.endsWith("loss")
  return { metric: metric.startsWith("eval_") ? metric : `eval_${metric}`, mode: greater ? "max" : "min" }
}

/** The error of a name that there is not, with the nearest that there is. */
export const unknown = (name: string, known: ReadonlyArray<string> = names): UnknownArgument =>
  new UnknownArgument({ argument: name, suggestion: nearest(name, known) })

/** The page's rules of arguments against each other. */
const check = (args: Arguments): Result.Result<Arguments, ContradictoryArguments> => {
  const refuse = (names: ReadonlyArray<Name>, reason: string) => Result.fail(new ContradictoryArguments({ names, reason }))
  const steps = [
    ["logging_steps", args.loggingStrategy, args.loggingSteps],
    ["eval_steps", args.evalStrategy, args.evalSteps || args.loggingSteps],
    ["save_steps", args.saveStrategy, args.saveSteps]
  ] as const
  for (const [name, strategy, every] of steps) {
    if (strategy !== "steps") continue
    if (every === 0) {
      const also: ReadonlyArray<Name> = name === "eval_steps" ? [name, "logging_steps"] : [name]
      return refuse(also, `${also.join(" or ")} must be more than 0 where the strategy is "steps".`)
    }
    if (every > 1 && !Number.isInteger(every))
      return refuse([name], `${name} is ${every}; it must be a whole number of updates, or a part of the run below 1.`)
  }
  if (args.loadBestModelAtEnd && args.saveStrategy !== "best") {
    if (args.evalStrategy !== args.saveStrategy)
      return refuse(
        ["load_best_model_at_end", "eval_strategy", "save_strategy"],
        `load_best_model_at_end needs eval_strategy and save_strategy to be the same; they are "${args.evalStrategy}" and "${args.saveStrategy}".`
      )
    const evalSteps = args.evalSteps || args.loggingSteps
    if (args.evalStrategy === "steps" && !isMultiple(args.saveSteps, evalSteps))
      return refuse(
        ["load_best_model_at_end", "save_steps", "eval_steps"],
        `load_best_model_at_end needs save_steps to be a multiple of eval_steps, both in updates or both as parts of the run; they are ${args.saveSteps} and ${evalSteps}.`
      )
  }
  if (args.lrSchedulerType === "reduce_lr_on_plateau" && args.evalStrategy === "no")
    return refuse(
      ["lr_scheduler_type", "eval_strategy"],
      'lr_scheduler_type "reduce_lr_on_plateau" needs evaluations: set eval_strategy to "steps" or "epoch".'
    )
  if (args.saveStrategy === "best" && goal(args) === null)
    return refuse(
      ["save_strategy", "metric_for_best_model"],
      'save_strategy "best" needs metric_for_best_model, for example "loss".'
    )
  return Result.map(LowRank.fromInput(args), () => args)
}

/** Whether saves come at evaluations only. Parts of a run are compared as the page does, in millionths. */
const isMultiple = (saves: number, evaluations: number): boolean => {
  if (saves % evaluations === 0) return true
  if (!(saves < 1 && evaluations < 1)) return false
  return (saves * 1e6) % (evaluations * 1e6) === 0
}
