/** The loader of the training data: its order, and where it is read. */
import { Effect, type Scope } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import type * as Collator from "../Data/Collators.ts"
import type { DataError, Dataset } from "../Data/Dataset.ts"
import * as Lengths from "../Data/Lengths.ts"
import * as Loader from "../Data/Loaders.ts"
import * as Sampler from "../Data/Samplers.ts"
import type { Streaming } from "../Data/Streaming.ts"
import type * as UnusedColumns from "../Data/UnusedColumns.ts"
import * as DataSource from "./DataSource.ts"

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

/** TrainingArguments, or Seq2SeqTrainingArguments. */
export type Args = Arguments.Arguments & { readonly sortishSampler?: boolean }

export interface Options<A, E, R> {
  /** Reads the training data another way. */
  readonly getTrainDataloader?: MakeLoader<A, E, R>
  readonly workers?: Workers
}

/**
 * Makes the loader of the training data: by index, on threads (`dataloader_num_workers` with `workers`), or over a stream, each with the batches that
 * `dataloader_prefetch_factor` asks for ahead.
 *
 * **Errors**: `ContradictoryArguments`, and as the loaders.
 */
export const make = <A, E, R>(
  options: Options<A, E, R>,
  args: Args,
  data: DataSource.Data<A, R>,
  reading: { readonly collate: Collator.Collator<A>; readonly takes: UnusedColumns.Takes | undefined }
): Effect.Effect<Loader.Loader, Arguments.ContradictoryArguments | Loader.LoaderError | DataError | E, R | Scope.Scope> => {
  if (DataSource.isStream(data))
    return Effect.flatMap(streamed(options, args, data, reading.collate), (made) => ahead(args, made))
  if (args.dataloaderNumWorkers > 0 && options.workers !== undefined)
    return byThreads(options, args, data, options.workers, reading.takes)
  return Effect.flatMap(byIndex(options, args, data, reading.collate), (made) => ahead(args, made))
}

/** **Unit**: batches. */
export const aheadOf = (args: Args): number => args.dataloaderNumWorkers * (args.dataloaderPrefetchFactor ?? 2)

/** Prefetches the batches that the arguments ask for. */
export const ahead = (args: Args, loader: Loader.Loader): Effect.Effect<Loader.Loader, never, Scope.Scope> =>
  aheadOf(args) === 0 ? Effect.succeed(loader) : Loader.prefetch(loader, aheadOf(args))

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
  takes: UnusedColumns.Takes | undefined
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

const refuse = (names: ReadonlyArray<string>, reason: string) => new Arguments.ContradictoryArguments({ names, reason })

const twoWays = "getTrainDataloader and workers both say how the training data is read: give one of them."

const onlyForward =
  "The training data is a stream, which is read forward on the main thread: omit getTrainDataloader and workers, or give a dataset."
