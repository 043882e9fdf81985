/** The options of the Trainer. */
import { Effect } from "effect"
import { names as argumentNames } from "../Arguments/Arguments.ts"
import { nearest, toCamel, toSnake } from "../Arguments/Names.ts"
import { InvalidTask } from "../Driver/Errors.ts"
import type { Model } from "../Model/Model.ts"
import type { Definition, Parts } from "../Program/Program.ts"

/** Which options of a program the Trainer takes as they are. */
type Shared =
  | "args"
  | "tokenizer"
  | "dataCollator"
  | "metrics"
  | "computeMetrics"
  | "preprocessLogitsForMetrics"
  | "computeLoss"
  | "getTrainDataloader"
  | "trainable"
  | "optimizers"
  | "callbacks"

/**
 * The options of a program, by the same names. `args` default to those of `output_dir: "tmp_trainer"`, `callbacks` are added to `DefaultFlowCallback` and
 * `ProgressCallback`, and a `Seq2SeqTrainer` pads with `Collator.seq2seqFor` by default.
 */
export interface Options<A, E = never, R = never>
  extends Pick<Parts<A, E, R>, Shared>,
    Partial<Pick<Definition<A, E, R>, "trainDataset" | "evalDataset">> {
  readonly model?: Model
  /** Makes a new model for each `train`; either it or `model` is required. */
  readonly modelInit?: () => Model
}

const names = Object.keys({
  model: true,
  modelInit: true,
  args: true,
  tokenizer: true,
  dataCollator: true,
  trainDataset: true,
  evalDataset: true,
  computeMetrics: true,
  metrics: true,
  callbacks: true,
  optimizers: true,
  preprocessLogitsForMetrics: true,
  computeLoss: true,
  getTrainDataloader: true,
  trainable: true
} satisfies Readonly<Record<keyof Options<unknown>, true>>)

/** What Python's Trainer has under other names. */
const renamed: Readonly<Record<string, string>> = {
  processingClass: "tokenizer",
  computeLossFunc: "computeLoss",
  optimizerClsAndKwargs: "optimizers"
}

/** Refuses an option that there is not, and names what was most likely meant; `more` are options besides. **Errors**: `InvalidTask`. */
export const known = (given: object, more: ReadonlyArray<string> = []): Effect.Effect<void, InvalidTask> => {
  const all = [...names, ...more]
  const other = Object.keys(given).find((name) => !all.includes(name))
  if (other === undefined) return Effect.void
  const camel = toCamel(other)
  const argument = (argumentNames as ReadonlyArray<string>).includes(toSnake(other)) ? `args: { ${camel} }` : undefined
  const meant = argument ?? renamed[camel] ?? nearest(camel, all)
  const hint = meant === undefined ? `There are: ${all.join(", ")}.` : `Did you mean ${meant}?`
  return Effect.fail(new InvalidTask({ reason: `A Trainer has no option ${other}. ${hint}` }))
}
