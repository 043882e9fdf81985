/** The types of a program: its options, and what preparing it results in. */
import type { Effect, Scope } from "effect"
import type * as Arguments from "../Arguments/Arguments.ts"
import type * as Compile from "../Arguments/Compile.ts"
import type { Collator } from "../Data/Collator.ts"
import type { DataError } from "../Data/Dataset.ts"
import type { Loader } from "../Data/Loader.ts"
import type * as Callback from "../Driver/Callback.ts"
import type { InvalidTask } from "../Driver/Errors.ts"
import type { Options } from "../Driver/RunOptions.ts"
import type { TrainingTask } from "../Driver/TrainingTask.ts"
import type * as CollectOptions from "../Evaluation/CollectOptions.ts"
import type { Predicted } from "../Evaluation/Evaluation.ts"
import type { Metric } from "../Metrics/Metric.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformation } from "../Optimizer/Transformation.ts"
import type { Plan } from "../Schedule/Plan.ts"
import type * as Schedule from "../Schedule/Schedule.ts"
import type { Reduction } from "../Step/Reduction.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import type * as ComputeLoss from "./ComputeLoss.ts"
import type * as DataLoaders from "./DataLoaders.ts"

/** A program with its arguments checked, its data opened and its plan compiled. */
export interface Prepared<E = never, R = never> {
  readonly args: Arguments.Arguments
  readonly task: TrainingTask
  readonly plan: Plan
  readonly optimizer: Transformation
  readonly options: Options<E, R>
  /** Columns of its data that the model does not take. */
  readonly unusedColumns: ReadonlyArray<string>
  /** Writes predictions; the outputs themselves by default. */
  readonly report?: PredictionWriter
  /** Opens the data of a prediction, without dropping rows; undefined if there are none. */
  readonly test: Effect.Effect<Loader | undefined, ProgramError | E, R | Scope.Scope>
  /** Prepares the program with other arguments. */
  readonly again: (args: DataLoaders.Args) => Effect.Effect<Prepared<E, R>, ProgramError | E, R | Scope.Scope>
}

/** The errors of a program before it runs. */
export type ProgramError = Arguments.ArgumentsError | DataLoaders.DataLoadersError | InvalidTask

export interface Program<E = never, R = never> {
  readonly _tag: "Program"
  /** Whose output folder it is; the file's name when it is not given. */
  readonly name: string | undefined
  readonly args: Arguments.Input
  /** What it opens lives in the scope. */
  readonly prepare: (args: DataLoaders.Args) => Effect.Effect<Prepared<E, R>, ProgramError | E, R | Scope.Scope>
  /** The same program on the rows of files; those of an omitted split are unchanged. */
  readonly reading: (files: Partial<Readonly<Record<Split, string>>>) => Program<E | DataError, R | Scope.Scope>
}

/** Writes the predictions of a set as files, and computes its metrics in place of those of `computeMetrics`. */
export type PredictionWriter = (
  predicted: Pick<Predicted, "predictions" | "labelIds">,
  split: Exclude<Split, "train">
) => { readonly files: Readonly<Record<string, string>>; readonly metrics: Readonly<Record<string, number>> }

/** The use of a data set. */
export type Split = "train" | "validation" | "test"

/** The options of a program, without its data. */
export interface Parts<A, E = never, R = never> {
  readonly name?: string
  readonly args?: Arguments.Input
  readonly model: Model
  /** Pads the batches if `dataCollator` is omitted, and is saved with each checkpoint. */
  readonly tokenizer?: Tokenizer
  /** Makes a batch from rows. Default: padding by the tokenizer; without one `Collator.stack()`. */
  readonly dataCollator?: Collator<A>
  /** Reads the training data in place of the default loader. */
  readonly getTrainDataloader?: DataLoaders.MakeLoader<A, E, R>
  readonly workers?: DataLoaders.Workers
  /** Metrics that are added up batch by batch: no predictions are kept for them. */
  readonly metrics?: ReadonlyArray<Metric<unknown>>
  /** Computes metrics from an evaluation's predictions. */
  readonly computeMetrics?: CollectOptions.Functions<R>["computeMetrics"]
  readonly preprocessLogitsForMetrics?: CollectOptions.Functions["preprocessLogitsForMetrics"]
  /** Generates the predictions in place of the model's outputs; `padLabels` pads the labels to their length. */
  readonly write?: CollectOptions.Write
  readonly padLabels?: CollectOptions.Functions["padLabels"]
  readonly report?: PredictionWriter
  /** Computes the loss in place of the model's own, from its outputs and the batch. */
  readonly computeLoss?: ComputeLoss.ComputeLoss
  /** An optimizer and a learning rate in place of those of the arguments; null for the arguments' own. */
  readonly optimizers?: readonly [Transformation | null, Schedule.Schedule.Input<number> | null]
  /** Changes the plan that the arguments compile to. */
  readonly plan?: (plan: Plan, args: Arguments.Arguments) => Plan
  readonly reduction?: Reduction
  /** Which parameters are trained, by path; those of `model.trainable` by default, all without it. */
  readonly trainable?: (path: string) => boolean
  readonly earlyStopping?: Compile.EarlyStopping
  readonly observe?: Options<E, R>["observe"]
  readonly callbacks?: ReadonlyArray<Callback.Callback<E, R>>
}

/** The options of `Program.make`: the parts, and the data. */
export interface Definition<A, E = never, R = never> extends Parts<A, E, R> {
  readonly trainDataset: DataLoaders.Source<A, E, R>
  readonly evalDataset?: DataLoaders.Sources<A, E, R>
  /** Data for `do_predict`. */
  readonly testDataset?: DataLoaders.Source<A, E, R>
  /** Opens a data file given on the command line (`--train_file`). Default: as records, by its extension. */
  readonly read?: (file: string, split: Split) => DataLoaders.Source<A, E, R>
}
