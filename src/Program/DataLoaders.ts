/** The feed of a run: how arguments, datasets and a collator become loaders for training and evaluation. */
import { Effect, Option, Predicate, type Scope, Stream } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Collator from "../Data/Collators.ts"
import * as Columns from "../Data/Columns.ts"
import { DataError, type Dataset } from "../Data/Dataset.ts"
import * as Lengths from "../Data/Lengths.ts"
import * as Loader from "../Data/Loaders.ts"
import * as Sampler from "../Data/Samplers.ts"
import type { Streaming } from "../Data/Streaming.ts"
import { setName } from "../Driver/TrainingTask.ts"
import { messageOf } from "../ErrorMessage.ts"
import type { Model } from "../Model/Model.ts"
import type { EncodeError } from "../Tokenizer/Errors.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import * as DataChecks from "./DataChecks.ts"

/** Rows by index, or a stream of them that is opened for each epoch. */
export type Data<A, R = never> = Dataset<A> | Streaming<A, R>

/** Data, or an effect that opens them. */
export type Source<A, E = never, R = never> = Data<A, R> | Effect.Effect<Data<A, R>, E, R>

/** One set for evaluation, or several by name. */
export type Sources<A, E = never, R = never> = Source<A, E, R> | Readonly<Record<string, Source<A, E, R>>>

/** The module from which threads read the training data: it exports `{ dataset, collate }` (`Loader.Source`), the program's own, as `source`. */
export type Workers = Pick<Loader.WorkerOptions, "module" | "source">

/** What a loader of the training data is made from: `Loader.make` takes it as it is. */
export interface LoaderOptions<A> {
  readonly dataset: Dataset<A>
  readonly collate: Collator.Collator<A>
  readonly batchSize: number
  readonly dropLast: boolean
  /** The order that the arguments ask for. */
  readonly sampler: Sampler.Sampler
}

/** Makes the loader of the training data. */
export type MakeLoader<A, E = never, R = never> = (
  options: LoaderOptions<A>
) => Effect.Effect<Loader.Loader, Loader.LoaderError | E, R | Scope.Scope>

export interface Options<A, E = never, R = never> {
  readonly model: Pick<Model, "inputs" | "labels" | "validate">
  readonly trainDataset: Source<A, E, R>
  readonly evalDataset?: Sources<A, E, R>
  readonly dataCollator?: Collator.Collator<A>
  /** Pads the batches if `dataCollator` is omitted. */
  readonly tokenizer?: Tokenizer
  /** Reads the training data another way. */
  readonly getTrainDataloader?: MakeLoader<A, E, R>
  readonly workers?: Workers
}

/** TrainingArguments, or Seq2SeqTrainingArguments. */
export type Args = Arguments.Arguments & { readonly sortishSampler?: boolean }

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
  | Columns.ColumnsError
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
 * **Errors**: `FeedError`.
 * **Source**: `get_train_dataloader`, `get_eval_dataloader`, `_remove_unused_columns`.
 */
export const make = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: Args
): Effect.fn.Return<DataLoaders, DataLoadersError | E, R | Scope.Scope> {
  const { evaluation, look, prefetched, shown, takes, unused } = yield* reading<A, E, R>(options, args)
  const trainData = yield* open(options.trainDataset)
  yield* look("train", trainData)
  const train = yield* isStream(trainData)
    ? Effect.flatMap(streamed(options, args, trainData, shown), prefetched)
    : args.dataloaderNumWorkers > 0 && options.workers !== undefined
      ? byThreads(options, args, trainData, options.workers, takes)
      : Effect.flatMap(byIndex(options, args, trainData, shown), prefetched)
  const loaders = yield* evaluation(options.evalDataset)
  if (aheadOf(args) > 0 && options.workers === undefined)
    yield* Effect.logInfo(
      `dataloader_num_workers is ${args.dataloaderNumWorkers}: batches are made on the main thread, ${aheadOf(args)} ahead. For threads, export the data from a module and name it as the program's workers.`
    )
  return { train, evaluation: loaders, unusedColumns: [...unused] }
})

/**
 * Opens evaluation data alone, and makes their loaders, by the prefix of their metrics: another `prefix` takes the place of `eval`.
 *
 * **Errors**: `FeedError`.
 */
export const forEvaluation = Effect.fnUntraced(function* <A, E, R>(
  options: Pick<Options<A, E, R>, "model" | "dataCollator" | "tokenizer" | "evalDataset">,
  args: Args,
  prefix = "eval"
): Effect.fn.Return<EvaluationLoaders, DataLoadersError | E, R | Scope.Scope> {
  const { evaluation, unused } = yield* reading<A, E, R>(options, args, prefix)
  return { evaluation: yield* evaluation(options.evalDataset), unusedColumns: [...unused] }
})

/** Logs the columns that are left out, in one line; nothing if there are none. */
export const logUnused = (unusedColumns: ReadonlyArray<string>): Effect.Effect<void> =>
  unusedColumns.length === 0
    ? Effect.void
    : Effect.logInfo(`Columns that the model does not take are left out (remove_unused_columns): ${unusedColumns.join("; ")}.`)

/** How data are read for a model: the columns that it takes, and how far ahead. */
const reading = Effect.fnUntraced(function* <A, E, R>(
  options: Pick<Options<A, E, R>, "model" | "dataCollator" | "tokenizer">,
  args: Args,
  prefix = "eval"
) {
  const { model } = options
  yield* DataChecks.tokens(model, options.tokenizer)
  const collate = options.dataCollator === undefined ? yield* usual(options.tokenizer) : guarded(options.dataCollator)
  const takes = args.removeUnusedColumns ? Columns.takenBy(model, args.labelNames ?? []) : undefined
  const shown = takes === undefined ? collate : Columns.only(collate, takes)
  const unused = new Set<string>()
  const look = Effect.fnUntraced(function* (
    name: string,
    data: Data<A, R>
  ): Effect.fn.Return<void, DataError | Columns.ColumnsError, R> {
    if (!isStream(data)) {
      const batchSize = name === "train" ? Arguments.trainBatchSize(args) : Arguments.evalBatchSize(args)
      yield* DataChecks.rows({ model, dataset: data, dataCollator: shown, takes, batchSize })
    }
    if (takes === undefined) return
    const row = yield* first(data)
    const dropped = yield* Effect.fromResult(Columns.unused(row, takes, model.labels))
    if (dropped.length > 0) unused.add(`${dropped.join(", ")} of ${name}`)
  })
  const prefetched = (loader: Loader.Loader) =>
    aheadOf(args) === 0 ? Effect.succeed(loader) : Loader.prefetch(loader, aheadOf(args))
  const evaluation = Effect.fnUntraced(function* (
    sources: Sources<A, E, R> | undefined
  ): Effect.fn.Return<DataLoaders["evaluation"], DataLoadersError | E, R | Scope.Scope> {
    const loaders: Record<string, Loader.Loader> = {}
    for (const [set, source] of Object.entries(sets(sources))) {
      const name = `${prefix}${set.slice("eval".length)}`
      const data = yield* open(source)
      yield* look(name, data)
      const batches = { collate: shown, batchSize: Arguments.evalBatchSize(args) }
      const loader = yield* isStream(data)
        ? Loader.fromStream({ ...batches, open: data })
        : Loader.make({ ...batches, dataset: data, dropLast: args.dataloaderDropLast })
      loaders[name] = yield* prefetched(loader)
    }
    return loaders
  })
  return { takes, shown, look, prefetched, evaluation, unused }
})

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

/** Batches that are made ahead. */
const aheadOf = (args: Args): number => args.dataloaderNumWorkers * (args.dataloaderPrefetchFactor ?? 2)

/** Evaluation data by the prefix of their metrics: one is the set `eval`, several are `eval_<name>`. */
export const sets = <A, E, R>(sources: Sources<A, E, R> | undefined): Readonly<Record<string, Source<A, E, R>>> => {
  if (sources === undefined) return {}
  if (isSource(sources)) return { eval: sources }
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [setName(name), source]))
}

const byIndex = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: Args,
  dataset: Dataset<A>,
  collate: Collator.Collator<A>
) {
  return yield* (options.getTrainDataloader ?? Loader.make)({
    dataset,
    collate,
    batchSize: Arguments.trainBatchSize(args),
    dropLast: args.dataloaderDropLast,
    sampler: yield* order(args, dataset)
  })
})

const byThreads = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: Args,
  dataset: Dataset<A>,
  workers: Workers,
  takes: Columns.Takes | undefined
) {
  if (options.getTrainDataloader !== undefined) return yield* new Loader.LoaderError({ option: "workers", reason: twoWays })
  const sampler = yield* order(args, dataset)
  return yield* Loader.fromWorkers({
    ...workers,
    workers: args.dataloaderNumWorkers,
    ahead: aheadOf(args),
    batchSize: Arguments.trainBatchSize(args),
    dropLast: args.dataloaderDropLast,
    sampler: (size, epoch) => {
      if (size === dataset.size) return sampler(size, epoch)
      throw new Sampler.InvalidSampler({
        reason: `the module of the workers has ${size} rows, and trainDataset has ${dataset.size}; they must be the same`
      })
    },
    ...(takes === undefined ? {} : { columns: [...takes] })
  })
})

const streamed = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: Args,
  stream: Streaming<A, R>,
  collate: Collator.Collator<A>
) {
  const grouped = byLength(args)
  if (grouped !== undefined)
    return yield* refuse(
      [grouped],
      `${grouped} needs all lengths before the first batch, and the training data is a stream. Leave it out, or give a dataset.`
    )
  if (options.getTrainDataloader !== undefined || options.workers !== undefined)
    return yield* new Loader.LoaderError({ option: "dataset", reason: onlyForward })
  return yield* Loader.fromStream({ open: stream, collate, batchSize: Arguments.trainBatchSize(args) })
})

/** The order of the training data. */
const order = Effect.fnUntraced(function* <A>(args: Args, dataset: Dataset<A>) {
  const seed = args.dataSeed ?? args.seed
  const grouped = byLength(args)
  if (grouped === undefined) return Sampler.random({ seed })
  if (args.groupByLength && args.sortishSampler === true)
    return yield* refuse(
      ["group_by_length", "sortish_sampler"],
      "group_by_length and sortish_sampler each put rows in an order of their own; leave one out."
    )
  const column = args.lengthColumnName
  const lengths = yield* Lengths.read(dataset, { column, input: "input_ids" })
  if (lengths === undefined)
    return yield* refuse(
      [grouped, "length_column_name"],
      `${grouped} needs the length of each row, and the first has neither "${column}" nor "input_ids". Add a column with Dataset.map and name it in length_column_name, or leave ${grouped} out.`
    )
  const batchSize = Arguments.trainBatchSize(args)
  return args.groupByLength
    ? Sampler.lengthGrouped({ lengths, batchSize: batchSize * args.gradientAccumulationSteps, seed })
    : Sampler.sortish({ lengths, batchSize, seed })
})

/** The argument that asks for an order by length. */
const byLength = (args: Args): "group_by_length" | "sortish_sampler" | undefined =>
  args.groupByLength ? "group_by_length" : args.sortishSampler === true ? "sortish_sampler" : undefined

const first = <A, R>(data: Data<A, R>): Effect.Effect<A | undefined, DataError, R> => {
  if (isStream(data)) return Effect.map(Stream.runHead(data(0)), Option.getOrUndefined)
  return data.size === 0 ? Effect.undefined : Effect.map(data.rows([0]), ([row]) => row)
}

const open = <A, E, R>(source: Source<A, E, R>): Effect.Effect<Data<A, R>, E, R> =>
  Effect.isEffect(source) ? source : Effect.succeed(source)

const isStream = <A, R>(data: Data<A, R>): data is Streaming<A, R> => typeof data === "function"

/** Whether it is one set. */
export const isSource = <A, E, R>(sources: Sources<A, E, R>): sources is Source<A, E, R> =>
  typeof sources === "function" ||
  Effect.isEffect(sources) ||
  (Predicate.hasProperty(sources, "rows") && typeof sources.rows === "function")

const refuse = (names: ReadonlyArray<string>, reason: string) => new Arguments.ContradictoryArguments({ names, reason })

const twoWays = "getTrainDataloader and workers both say how the training data is read: give one of them."

const onlyForward =
  "The training data is a stream, which is read forward on the main thread: omit getTrainDataloader and workers, or give a dataset."
