/** The options of `evaluate` and `predict`: by name, or after a dataset; in a `Seq2SeqTrainer` with settings of the generation beside them. */
import { Result } from "effect"
import type { InvalidTask } from "../Driver/Errors.ts"
import * as OptionNames from "../Driver/OptionNames.ts"
import type * as Generation from "../Evaluation/Generation.ts"
import * as DataLoaders from "../Program/DataLoaders.ts"

/** What all loops over a set take. */
export interface LoopOptions {
  /** Outputs that are left out of the predictions. */
  readonly ignoreKeys?: ReadonlyArray<string>
  /** Begins the metrics' names: `eval_loss`. */
  readonly metricKeyPrefix?: string
  /** Compute the loss alone. Default: `prediction_loss_only` of the arguments. */
  readonly predictionLossOnly?: boolean
  /** Settings of the generation, in a `Seq2SeqTrainer` with `predict_with_generate`. */
  readonly generation?: Generation.Input
}

export type PredictOptions = Omit<LoopOptions, "predictionLossOnly" | "generation">

export interface EvaluateOptions<A, E, R> extends PredictOptions {
  /** Evaluates it in place of the Trainer's own. */
  readonly evalDataset?: DataLoaders.Sources<A, E, R>
}

/** Options, with `G` beside them, or a dataset (or several by name), which options may follow. */
export type Asked<A, E, R, G = unknown> = (EvaluateOptions<A, E, R> & G) | DataLoaders.Sources<A, E, R>

const names = ["evalDataset", "ignoreKeys", "metricKeyPrefix"]

/**
 * Joins the two ways to give options to `evaluate`: options alone, which have the name of one (or of a setting) or are empty, or a dataset and options after
 * it.
 */
export const join = <A>(
  asked: object = {},
  options: object = {},
  settings: ReadonlyArray<string> = []
): PredictOptions & { readonly evalDataset?: A } => {
  const given = Object.keys(asked)
  const isOptions =
    !Array.isArray(asked) &&
    !DataLoaders.isSource(asked as DataLoaders.Sources<unknown>) &&
    (given.length === 0 || given.some((name) => names.includes(name) || settings.includes(name)))
  return isOptions ? asked : { ...options, evalDataset: asked as A }
}

/** Separates settings of the generation from the other options. **Errors**: fails with `InvalidTask` for a name that is neither. */
export const separate = <O extends object>(
  method: string,
  options: O,
  settings: ReadonlyArray<string>
): Result.Result<O & { readonly generation?: Generation.Input }, InvalidTask> =>
  Result.map(OptionNames.check(method, options, [...names, ...settings]), () => {
    const part = (own: boolean) => Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name) === own))
    return { ...(part(true) as O), ...(settings.length === 0 ? {} : { generation: part(false) }) }
  })
