/** Makes the programs of tasks by name, which `regimen train --task` runs. */
import { Effect, type FileSystem, type Path } from "effect"
import { ContradictoryArguments } from "../Arguments/Errors.ts"
import * as FieldTable from "../Arguments/FieldTable.ts"
import type { Program, Split } from "../Program/Program.ts"
import { NoTaskData, UnknownTask } from "./Errors.ts"
import * as LanguageModeling from "./LanguageModeling.ts"
import * as QuestionAnswering from "./QuestionAnswering.ts"
import * as Rows from "./Rows.ts"
import * as Seq2Seq from "./Seq2Seq.ts"
import * as Settings from "./Settings.ts"
import type { Make, Task, TaskError } from "./Task.ts"
import * as TaskModel from "./TaskModel.ts"
import * as TextClassification from "./TextClassification.ts"
import * as TokenClassification from "./TokenClassification.ts"

export * from "./Errors.ts"
export type { TaskError } from "./Task.ts"

/** The data files of each split, with the rows of the task's example script. */
export type Files = { readonly [S in Split]?: string | undefined }

export interface Options {
  readonly task: string
  /** The task's settings in camelCase: `modelNameOrPath`, `maxSeqLength`, ... */
  readonly settings: Readonly<Record<string, unknown>>
  readonly files: Files
  /** Whether to train; otherwise the labels are those of the model. Default true. */
  readonly trains?: boolean
  /** The seed of the masking of a masked language model. Default 42. */
  readonly seed?: number
}

/** The names of the tasks. */
export const names = (): ReadonlyArray<string> => Object.keys(all)

/** Gives the settings of a task, as a table of arguments. **Errors**: `UnknownTask`. */
export const fieldsOf = (task: string): Effect.Effect<FieldTable.Table, UnknownTask> =>
  Effect.map(find(task), ({ fields }) => fields)

/** Tests whether `regimen predict` supports a task. Language models generate instead: `regimen generate`. */
export const predicts = (task: string): boolean => Object.hasOwn(all, task) && all[task]!.predicts

/**
 * Makes the program of a task from a model and files of rows.
 *
 * **Errors**: `UnknownTask`, `NoTaskData`, `NoSuchColumn`, `InvalidRow`, `UnknownLabel`, `NoHead`, `OtherLabels`; those of arguments, data, models,
 * tokenizers and the hub.
 *
 * **Source**: the example scripts of transformers: run_glue, run_ner, run_qa, run_clm, run_mlm, run_translation, run_summarization.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect } from "effect"
 * import { Tasks } from "regimen/transformers"
 *
 * const program = Tasks.make({ task: "text-clasification", settings: {}, files: { train: "rows.csv" } })
 * const error = await Effect.runPromise(Effect.flip(program.pipe(Effect.provide(NodeServices.layer))))
 * assert.match(error.message, /There is no task "text-clasification"\. Tasks are text-classification, /)
 * ```
 */
export const make = Effect.fn("Tasks.make")(function* ({
  files,
  seed = 42,
  settings: given,
  task,
  trains = true
}: Options): Effect.fn.Return<Program, TaskError, FileSystem.FileSystem | Path.Path> {
  const { fields, heads, make } = yield* find(task)
  const settings = yield* Effect.fromResult(FieldTable.read(fields, given))
  if (trains && files.train === undefined)
    return yield* new NoTaskData({ reason: "There is no training data: pass --train_file, or --do_eval or --do_predict alone." })
  if (Object.values(files).every((file) => file === undefined))
    return yield* new NoTaskData({ reason: "There is no data: pass --train_file, --validation_file or --test_file." })
  const { earlyStoppingPatience, earlyStoppingThreshold } = settings as FieldTable.Values<typeof Settings.fields>
  if (earlyStoppingPatience === null && earlyStoppingThreshold > 0)
    return yield* new ContradictoryArguments({
      names: ["early_stopping_threshold", "early_stopping_patience"],
      reason: "early_stopping_threshold has no effect without early_stopping_patience: set both, or omit the threshold."
    })
  const base = yield* TaskModel.open(task, heads, settings as unknown as TaskModel.Settings)
  const { maxEvalSamples, maxPredictSamples, maxTrainSamples } = settings as FieldTable.Values<typeof Settings.fields>
  const tables = yield* Rows.read(files, { train: maxTrainSamples, validation: maxEvalSamples, test: maxPredictSamples })
  return yield* make({ base, seed, settings: settings as never, tables, trains })
})

const find = (task: string) =>
  Object.hasOwn(all, task) ? Effect.succeed(all[task]!) : Effect.fail(new UnknownTask({ task, known: names() }))

const task = <T extends FieldTable.Table>(
  fields: T,
  heads: TaskModel.Heads,
  predicts: boolean,
  make: Make<T>
): Task<FieldTable.Table> => ({
  fields: { ...Settings.fields, ...fields } as FieldTable.Table,
  heads,
  predicts,
  make: make as unknown as Make<FieldTable.Table>
})

const all: Readonly<Record<string, Task<FieldTable.Table>>> = {
  "text-classification": task(TextClassification.fields, TextClassification.heads, true, TextClassification.make),
  "token-classification": task(TokenClassification.fields, TokenClassification.heads, true, TokenClassification.make),
  "question-answering": task(QuestionAnswering.fields, QuestionAnswering.heads, true, QuestionAnswering.make),
  "causal-lm": task(LanguageModeling.causalFields, LanguageModeling.causalHeads, false, LanguageModeling.causal),
  "masked-lm": task(LanguageModeling.maskedFields, LanguageModeling.maskedHeads, false, LanguageModeling.masked),
  seq2seq: task(Seq2Seq.fields, Seq2Seq.heads, true, Seq2Seq.make)
}
