/** What `evaluate` and `predict` of a Seq2SeqTrainer are told: a Trainer's options and settings of the generation, side by side. */
import { Result } from "effect"
import { nearest, toCamel } from "../../Arguments/Names.ts"
import { InvalidTask } from "../../Driver/Errors.ts"
import * as Generation from "../../Evaluation/Generation.ts"
import { isOptions } from "../Evaluate.ts"

/** A Trainer's options, and any setting of the generation beside them. */
export type Beside<O> = Omit<O, "generation" | "predictionLossOnly"> & Generation.Input

const names = ["evalDataset", "ignoreKeys", "metricKeyPrefix"]
const settings = Object.keys(Generation.defaults)

/** The options that a Trainer knows, with all others as settings of the generation. **Errors**: `InvalidTask` for a name that is neither. */
export const within = <O extends object>(method: string, options: O) => {
  const other = Object.keys(options).find((name) => !names.includes(name) && !settings.includes(name))
  if (other !== undefined) return Result.fail(new InvalidTask({ reason: `${method} has no option ${other}. ${hint(other)}` }))
  const [own, generation] = [true, false].map((known) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name) === known))
  )
  return Result.succeed({ ...(own as O), generation: generation! as Generation.Input })
}

/** The options that were given: by name, or after a dataset. **Errors**: `InvalidTask`. */
export const given = <O extends { readonly evalDataset?: unknown }>(asked: object = {}, options: object = {}) => {
  const byName = isOptions(asked) || Object.keys(asked).some((name) => settings.includes(name))
  return within("evaluate", (byName ? asked : { ...options, evalDataset: asked }) as O)
}

const hint = (name: string): string => {
  const all = [...names, ...settings]
  const meant = nearest(toCamel(name), all)
  return meant === undefined ? `There are: ${all.join(", ")}.` : `Did you mean ${meant}?`
}
