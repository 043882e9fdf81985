/** Checks combinations of arguments: the checks of `TrainingArguments`, and those for combinations that would fail later in a run. */
import { Result } from "effect"
import { toCamel } from "./ArgumentNames.ts"
import type { Arguments } from "./ArgumentsValues.ts"
import { evalSteps, goal } from "./Derived.ts"
import { ContradictoryArguments } from "./Errors.ts"
import { isSupported } from "./Fields/Optim.ts"
import type { Name } from "./Fields.ts"
import * as GaLoreArguments from "./GaLoreArguments.ts"

/** Checks that arguments do not contradict each other. **Errors**: fails with `ContradictoryArguments`, which names them and what to change. */
export const check = <A extends Arguments>(args: A): Result.Result<A, ContradictoryArguments> => {
  const refuse = (names: ReadonlyArray<Name>, reason: string) => Result.fail(new ContradictoryArguments({ names, reason }))
  for (const [one, other] of [
    ["fp16", "bf16"],
    ["fp16_full_eval", "bf16_full_eval"]
  ] as const)
    if (args[toCamel(one)] && args[toCamel(other)])
      return refuse([one, other], `${one} and ${other} are both set; leave one out.`)
  if (args.dataloaderNumWorkers === 0 && args.dataloaderPrefetchFactor !== null)
    return refuse(
      ["dataloader_prefetch_factor", "dataloader_num_workers"],
      "dataloader_prefetch_factor needs workers to make batches ahead: set dataloader_num_workers to 1 or more."
    )
  const steps = [
    ["logging_steps", args.loggingStrategy, args.loggingSteps],
    ["eval_steps", args.evalStrategy, evalSteps(args) ?? 0],
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
    const every = evalSteps(args) ?? 0
    if (args.evalStrategy === "steps" && !isMultiple(args.saveSteps, every))
      return refuse(
        ["load_best_model_at_end", "save_steps", "eval_steps"],
        `load_best_model_at_end needs save_steps to be a multiple of eval_steps, both in updates or both as parts of the run; they are ${args.saveSteps} and ${every}.`
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
  return isSupported(args.optim) ? Result.map(GaLoreArguments.fromInput(args), () => args) : Result.succeed(args)
}

/** Tests whether every save coincides with an evaluation. Ratios are compared in millionths, as in `TrainingArguments`. */
const isMultiple = (saves: number, evaluations: number): boolean => {
  if (saves % evaluations === 0) return true
  if (!(saves < 1 && evaluations < 1)) return false
  return (saves * 1e6) % (evaluations * 1e6) === 0
}
