/** Makes the loaders of a run from its arguments, its datasets and a collator. */
import { Effect, type Scope } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Collator from "../Data/Collators.ts"
import { DataError } from "../Data/Dataset.ts"
import * as Loader from "../Data/Loaders.ts"
import * as UnusedColumns from "../Data/UnusedColumns.ts"
import type { OpenRows } from "../Driver/CurrentRun.ts"
import { messageOf } from "../ErrorMessage.ts"
import type { Check } from "../Model/Checks.ts"
import type { Model } from "../Model/Model.ts"
import type { EncodeError } from "../Tokenizer/Errors.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import * as DataChecks from "./DataChecks.ts"
import * as DataSource from "./DataSource.ts"
import * as TrainLoader from "./TrainLoader.ts"

export { isSource, type Source, type Sources, sets } from "./DataSource.ts"
export type { LoaderOptions, MakeLoader, Workers } from "./TrainLoader.ts"
export type Args = TrainLoader.Args

export interface Options<A, E = never, R = never> extends TrainLoader.Options<A, E, R> {
  readonly model: Pick<Model, "inputs" | "labels" | "validate">
  readonly trainDataset: DataSource.Source<A, E, R>
  readonly evalDataset?: DataSource.Sources<A, E, R>
  readonly dataCollator?: Collator.Collator<A>
  /** Pads the batches if `dataCollator` is omitted. */
  readonly tokenizer?: Tokenizer
}

export interface EvaluationLoaders {
  /** By the prefix of their metrics. */
  readonly evaluation: Readonly<Record<string, Loader.Loader>>
  /** Columns that the model does not take, one entry a set: `title of train`. `logUnused` logs them. */
  readonly unusedColumns: ReadonlyArray<string>
}

export interface DataLoaders extends EvaluationLoaders {
  readonly train: Loader.Loader
}

/** What can be wrong with the data of a run, found before step 0. */
export type DataLoadersError =
  | Arguments.ContradictoryArguments
  | EncodeError
  | Loader.LoaderError
  | DataError
  | UnusedColumns.ColumnsError
  | DataChecks.TokenizerMismatch

/**
 * Opens the data and makes the loaders. The order of the training data and each batch are functions of the arguments and (epoch, batch) alone.
 *
 * - `remove_unused_columns`: columns that the model does not take are left out of each row, and named in `unusedColumns`. A model that does not say
 *   what it takes gets them all.
 * - `group_by_length`, `sortish_sampler`: rows of like length come together (`Sampler.lengthGrouped`, `Sampler.sortish`); lengths are those of the column
 *   `length_column_name`, or are counted in `input_ids`.
 * - `dataloader_num_workers`, `dataloader_prefetch_factor` (2 where it is not given): so many threads read from `workers`, each so many batches ahead.
 *   Without `workers` data are functions in memory, which no thread can be sent: as many batches are made ahead on the main thread.
 * - Rows in memory are all shown to a model that says what it takes (`Model.validate`); other rows when they are read, each batch before its step.
 * - `dataloader_drop_last` holds for datasets; a stream drops no batch, as in the Trainer.
 *
 * **Law**: the batches are the same whatever the number of workers (test/property/DataLoaders.test.ts).
 * **Errors**: `DataLoadersError`.
 * **Source**: `get_train_dataloader`, `get_eval_dataloader`, `_remove_unused_columns`.
 */
export const make = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: TrainLoader.Args
): Effect.fn.Return<DataLoaders, DataLoadersError | E, R | Scope.Scope> {
  const { evaluation, look, shown, takes, unused } = yield* reading<A, E, R>(options, args)
  const trainData = yield* DataSource.open(options.trainDataset)
  yield* look("train", trainData)
  const train = withRowChecks(yield* TrainLoader.make(options, args, trainData, { collate: shown, takes }), trainData, shown)
  const loaders = yield* evaluation(options.evalDataset)
  if (TrainLoader.aheadOf(args) > 0 && options.workers === undefined)
    yield* Effect.logInfo(
      `dataloader_num_workers is ${args.dataloaderNumWorkers}: batches are made on the main thread, ${TrainLoader.aheadOf(args)} ahead. For threads, export the data from a module and name it as the program's workers.`
    )
  return { train, evaluation: loaders, unusedColumns: [...unused] }
})

/**
 * Opens evaluation data alone, and makes their loaders, by the prefix of their metrics: another `prefix` takes the place of `eval`.
 *
 * **Errors**: `DataLoadersError`.
 */
export const forEvaluation = Effect.fnUntraced(function* <A, E, R>(
  options: Pick<Options<A, E, R>, "model" | "dataCollator" | "tokenizer" | "evalDataset">,
  args: TrainLoader.Args,
  prefix = "eval"
): Effect.fn.Return<EvaluationLoaders, DataLoadersError | E, R | Scope.Scope> {
  const { evaluation, unused } = yield* reading<A, E, R>(options, args, prefix)
  return { evaluation: yield* evaluation(options.evalDataset), unusedColumns: [...unused] }
})

/**
 * Makes the function that opens rows in a callback, as `forEvaluation` opens evaluation data. All its errors are `DataError`.
 */
export const openRows = Effect.fnUntraced(function* <A, E, R>(
  options: Pick<Options<A, E, R>, "model" | "dataCollator" | "tokenizer">,
  args: TrainLoader.Args
): Effect.fn.Return<OpenRows, never, R> {
  const services = yield* Effect.context<R>()
  return (data, set) => {
    if (!DataSource.isSource(data as DataSource.Source<A, E, R>)) return Effect.fail(failed(notEvaluated))
    const opened = forEvaluation({ ...options, evalDataset: data as DataSource.Source<A, E, R> }, args, set)
    return Effect.map(opened, ({ evaluation }) => evaluation[set]!).pipe(
      Effect.mapError((error) => (error instanceof DataError ? error : failed(messageOf(error)))),
      Effect.provideContext(services)
    )
  }
})

const failed = (reason: string) => new DataError({ row: null, column: null, reason })

const notEvaluated = "Expected a loader, a batch of tensors, a dataset (Dataset.fromArray(rows)) or an array of rows."

/** Logs the columns that are left out, in one line; nothing if there are none. */
export const logUnused = (unusedColumns: ReadonlyArray<string>): Effect.Effect<void> =>
  unusedColumns.length === 0
    ? Effect.void
    : Effect.logInfo(`Columns that the model does not take are left out (remove_unused_columns): ${unusedColumns.join("; ")}.`)

/** How data are read for a model: the columns that it takes, and how far ahead. */
const reading = Effect.fnUntraced(function* <A, E, R>(
  options: Pick<Options<A, E, R>, "model" | "dataCollator" | "tokenizer">,
  args: TrainLoader.Args,
  prefix = "eval"
) {
  const { model } = options
  yield* DataChecks.tokens(model, options.tokenizer)
  const collate = options.dataCollator === undefined ? yield* usual(options.tokenizer) : guarded(options.dataCollator)
  const takes = args.removeUnusedColumns ? UnusedColumns.takenBy(model, args.labelNames ?? []) : undefined
  const shown = takes === undefined ? collate : UnusedColumns.only(collate, takes)
  const unused = new Set<string>()
  const look = Effect.fnUntraced(function* (
    name: string,
    data: DataSource.Data<A, R>
  ): Effect.fn.Return<void, DataError | UnusedColumns.ColumnsError, R> {
    if (!DataSource.isStream(data)) {
      const batchSize = name === "train" ? Arguments.trainBatchSize(args) : Arguments.evalBatchSize(args)
      yield* DataChecks.rows({ model, dataset: data, dataCollator: shown, takes, batchSize })
    }
    if (takes === undefined) return
    const row = yield* DataSource.first(data)
    const dropped = yield* Effect.fromResult(UnusedColumns.unused(row, takes, model.labels))
    if (dropped.length > 0) unused.add(`${dropped.join(", ")} of ${name}`)
  })
  const evaluation = Effect.fnUntraced(function* (
    sources: DataSource.Sources<A, E, R> | undefined
  ): Effect.fn.Return<DataLoaders["evaluation"], DataLoadersError | E, R | Scope.Scope> {
    const loaders: Record<string, Loader.Loader> = {}
    for (const [set, source] of Object.entries(DataSource.sets(sources))) {
      const name = `${prefix}${set.slice("eval".length)}`
      const data = yield* DataSource.open(source)
      yield* look(name, data)
      const batches = { collate: shown, batchSize: Arguments.evalBatchSize(args) }
      if (!DataSource.isStream(data) && args.dataloaderDropLast && data.size > 0 && data.size < batches.batchSize)
        return yield* noFullBatch(name, data.size, batches.batchSize)
      const loader = yield* DataSource.isStream(data)
        ? Loader.fromStream({ ...batches, open: data })
        : Loader.make({ ...batches, dataset: data, dropLast: args.dataloaderDropLast })
      loaders[name] = withRowChecks(yield* TrainLoader.ahead(args, loader), data, shown)
    }
    return loaders
  })
  return { takes, shown, look, evaluation, unused }
})

/** Adds the check of all rows to a loader of a dataset. */
const withRowChecks = <A, R>(loader: Loader.Loader, data: DataSource.Data<A, R>, dataCollator: Collator.Collator<A>) =>
  DataSource.isStream(data)
    ? loader
    : { ...loader, checkRows: (name: string, check: Check) => DataChecks.field({ dataset: data, dataCollator }, name, check) }

/** What the user's collator throws is an error of the data, which names it. */
const guarded =
  <A>(collate: Collator.Collator<A>): Collator.Collator<A> =>
  (...batch) =>
    Effect.flatten(Effect.try({ try: () => collate(...batch), catch: collatorFailed }))

export const collatorFailed = (cause: unknown): DataError =>
  new DataError({
    row: null,
    column: null,
    reason: `dataCollator failed: ${messageOf(cause)}`
  })

/** The collator where none is given. **Errors**: `EncodeError` for a tokenizer without a pad token. */
const usual = (tokenizer: Tokenizer | undefined): Effect.Effect<Collator.Collator<unknown>, EncodeError> =>
  tokenizer === undefined
    ? Effect.succeed(Collator.stack())
    : Effect.try({ try: () => Collator.forTokenizer(tokenizer), catch: (cause) => cause as EncodeError })

const noFullBatch = (set: string, size: number, batchSize: number) =>
  new Arguments.ContradictoryArguments({
    names: ["dataloader_drop_last", "per_device_eval_batch_size"],
    reason: `The set "${set}" has ${size} rows, fewer than one evaluation batch of ${batchSize}, and dataloader_drop_last drops them: lower per_device_eval_batch_size or leave dataloader_drop_last out.`
  })
