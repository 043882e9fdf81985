/** What the page's Trainer is made from. */
import { Effect } from "effect"
import { names as argumentNames, type Input } from "../Arguments/Arguments.ts"
import { nearest, toCamel, toSnake } from "../Arguments/Names.ts"
import type { Collator } from "../Data/Collator.ts"
import type { Callback } from "../Driver/Callback.ts"
import { InvalidTask } from "../Driver/Errors.ts"
import type { Functions } from "../Evaluation/CollectOptions.ts"
import type { Metric } from "../Metrics/Metric.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformation } from "../Optimizer/Transformation.ts"
import type { ComputeLoss } from "../Program/ComputeLoss.ts"
import type { MakeLoader, Source, Sources } from "../Program/DataLoaders.ts"
import type { Schedule } from "../Schedule/Schedule.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"

export interface Options<A, E = never, R = never> {
  readonly model?: Model
  /** Makes a new model for each `train`; there must be it or `model`. */
  readonly modelInit?: () => Model
  /** TrainingArguments in camelCase; without them all are the defaults, in `tmp_trainer`. */
  readonly args?: Input
  /** Pads the batches, where there is no `dataCollator`, and is saved with the model. */
  readonly tokenizer?: Tokenizer
  /** Makes a batch from rows. Default: `Collator.forTokenizer` with the tokenizer (a `Seq2SeqTrainer`: `Collator.seq2seqFor`), without one `Collator.stack()`. */
  readonly dataCollator?: Collator<A>
  readonly trainDataset?: Source<A, E, R>
  readonly evalDataset?: Sources<A, E, R>
  /** Given an evaluation's predictions, gives its metrics. */
  readonly computeMetrics?: Functions<R>["computeMetrics"]
  /** Metrics that are added up batch by batch: no predictions are kept for them. */
  readonly metrics?: ReadonlyArray<Metric<unknown>>
  /** Added to `DefaultFlowCallback` and `ProgressCallback`. */
  readonly callbacks?: ReadonlyArray<Callback<E, R>>
  /** An optimizer and a schedule in the place of those of the arguments; null for the arguments' own. */
  readonly optimizers?: readonly [Transformation | null, Schedule.Input<number> | null]
  readonly preprocessLogitsForMetrics?: Functions["preprocessLogitsForMetrics"]
  /** The loss in the place of the model's own, from its outputs and the batch. */
  readonly computeLoss?: ComputeLoss
  /** Reads the training data in the place of the Trainer's own loader. */
  readonly getTrainDataloader?: MakeLoader<A, E, R>
  /** Which parameters are trained, by path; all by default. */
  readonly trainable?: (path: string) => boolean
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
