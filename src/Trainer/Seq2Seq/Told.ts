/** What `evaluate` and `predict` of a Seq2SeqTrainer are told: a Trainer's options and settings of the generation, side by side. */
import { isOptions } from "../Facade/Evaluating.ts"
import * as Generation from "../Generation.ts"

/** A Trainer's options, and any setting of the generation beside them. */
export type Beside<O> = Omit<O, "generation" | "predictionLossOnly"> & Generation.Input

const names = ["evalDataset", "ignoreKeys", "metricKeyPrefix"]

/** The options that a Trainer knows, with all others as settings of the generation. */
export const within = <O extends object>(options: O): O & { readonly generation: Generation.Input } => {
  const [own, generation] = [true, false].map((known) =>
    Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name) === known))
  )
  return { ...(own as O), generation: generation! }
}

/** The options that were given: by name, or after a dataset. */
export const given = <O extends { readonly evalDataset?: unknown }>(asked: object = {}, options: object = {}) => {
  const byName = isOptions(asked) || Object.keys(asked).some((name) => Object.hasOwn(Generation.defaults, name))
  return within((byName ? asked : { ...options, evalDataset: asked }) as O)
}
