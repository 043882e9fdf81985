/** The options of the Trainer. */
import type { Result } from "effect"
import { toCamel } from "../Arguments/ArgumentNames.ts"
import { names as argumentNames } from "../Arguments/Arguments.ts"
import type { InvalidTask } from "../Driver/Errors.ts"
import * as OptionNames from "../Driver/OptionNames.ts"
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
  optimizerClsAndKwargs: "optimizers",
  ...Object.fromEntries(argumentNames.map((name) => [toCamel(name), `args: { ${toCamel(name)} }`]))
}

/** Checks that there are such options; `more` are further ones. **Errors**: fails with `InvalidTask`, which suggests what was meant. */
export const check = (given: object, more: ReadonlyArray<string> = []): Result.Result<void, InvalidTask> =>
  OptionNames.check("A Trainer", given, [...names, ...more], renamed)
