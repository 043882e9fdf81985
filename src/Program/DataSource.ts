/** The forms in which a run takes its data, and how they become a dataset or a stream. */
import { Effect, type Exit, Option, Predicate, Record, Stream } from "effect"
import { DataError, type Dataset, fromArray } from "../Data/Dataset.ts"
import type { Streaming } from "../Data/Streaming.ts"
import { setName } from "../Driver/TrainingTask.ts"
import { messageOf } from "../ErrorMessage.ts"

/** Rows by index, or a stream of them that is opened for each epoch. */
export type Data<A, R = never> = Dataset<A> | Streaming<A, R>

/** Rows of JavaScript: an array, a set, a generator; or an async iterable that can be read more than once. */
export type Rows<A> = ReadonlyArray<A> | ReadonlySet<A> | IterableIterator<A> | AsyncIterable<A>

/**
 * Data, or an effect that opens them. Iterables are read into memory once; async iterables, and functions that open rows for an epoch (generator
 * functions among them), are streams.
 */
export type Source<A, E = never, R = never> =
  | Data<A, R>
  | Rows<A>
  | ((epoch: number) => Rows<A>)
  | Effect.Effect<Data<A, R>, E, R>

/** One set for evaluation, or several by name. */
export type Sources<A, E = never, R = never> = Source<A, E, R> | Readonly<Record<string, Source<A, E, R>>>

/** Evaluation data by the prefix of their metrics: one is the set `eval`, several are `eval_<name>`. */
export const sets = <A, E, R>(sources: Sources<A, E, R> | undefined): Readonly<Record<string, Source<A, E, R>>> => {
  if (sources === undefined) return {}
  if (isSource(sources)) return { eval: sources }
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [setName(name), source]))
}

/** Whether it is one set. */
export const isSource = <A, E, R>(sources: Sources<A, E, R>): sources is Source<A, E, R> =>
  typeof sources === "function" ||
  Effect.isEffect(sources) ||
  isIterable(sources) ||
  isAsyncIterable(sources) ||
  (Predicate.hasProperty(sources, "rows") && typeof sources.rows === "function")

export const isStream = <A, R>(data: Data<A, R>): data is Streaming<A, R> => typeof data === "function"

/** The data among the options of a run. */
interface Datasets<A, E, R> {
  readonly trainDataset?: Source<A, E, R>
  readonly evalDataset?: Sources<A, E, R>
  readonly testDataset?: Source<A, E, R>
}

/**
 * Replaces one-shot iterators, such as generators, by their rows, which are read when they are first opened: a run reads its data more than once. Other data
 * stay as they are.
 */
export const readIteratorsOnce = <A, E, R, O extends Datasets<A, E, R>>(options: O & Datasets<A, E, R>): O => {
  const { evalDataset, testDataset, trainDataset } = options
  return {
    ...options,
    ...(trainDataset === undefined ? {} : { trainDataset: once(trainDataset) }),
    ...(testDataset === undefined ? {} : { testDataset: once(testDataset) }),
    ...(evalDataset === undefined
      ? {}
      : { evalDataset: isSource(evalDataset) ? once(evalDataset) : Record.map(evalDataset, once) })
  }
}

const once = <A, E, R>(source: Source<A, E, R>): Source<A, E, R> => {
  if (typeof source === "function" || Effect.isEffect(source) || !isIterator(source) || isAsyncIterable(source)) return source
  let data: Exit.Exit<Dataset<A>, DataError> | undefined
  const opened = Effect.suspend(() => {
    data ??= Effect.runSyncExit(collect(source))
    return data
  })
  return opened as Effect.Effect<Dataset<A>, never> // `open` has the DataError among its errors
}

/**
 * Opens data.
 *
 * **Errors**: `DataError` for what is no data, an iterable that throws, and an async iterator, which can be read only once.
 */
export const open = <A, E, R>(source: Source<A, E, R>): Effect.Effect<Data<A, R>, E | DataError, R> => {
  if (Effect.isEffect(source)) return source
  if (typeof source === "function") return Effect.succeed((epoch: number) => Stream.suspend(() => streamOf(source(epoch))))
  if (isAsyncIterable(source)) return isIterator(source) ? Effect.fail(failed(readOnce)) : Effect.succeed(reopened(source))
  if (isIterable(source)) return collect(source)
  return isSource(source) ? Effect.succeed(source as Dataset<A>) : Effect.fail(failed(noData))
}

/** Reads the first row; undefined where there is none. */
export const first = <A, R>(data: Data<A, R>): Effect.Effect<A | undefined, DataError, R> => {
  if (isStream(data)) return Effect.map(Stream.runHead(data(0)), Option.getOrUndefined)
  return data.size === 0 ? Effect.undefined : Effect.map(data.rows([0]), ([row]) => row)
}

const collect = <A>(rows: Iterable<A>): Effect.Effect<Dataset<A>, DataError> =>
  Effect.try({ try: () => fromArray(Array.isArray(rows) ? (rows as ReadonlyArray<A>) : Array.from(rows)), catch: thrown })

const streamOf = <A, R>(rows: Stream.Stream<A, DataError, R> | Rows<A>): Stream.Stream<A, DataError, R> => {
  if (Stream.isStream(rows)) return rows as Stream.Stream<A, DataError, R>
  if (isAsyncIterable(rows)) return Stream.fromAsyncIterable(rows, thrown)
  if (!isIterable(rows)) return Stream.fail(failed(`The function that opens the data returned ${typeof rows}. ${noData}`))
  return Stream.fromAsyncIterable(asAsync(rows), thrown)
}

/** What a synchronous iterable throws is then an error of the stream. */
async function* asAsync<A>(rows: Iterable<A>): AsyncGenerator<A> {
  yield* rows
}

/** Opens an async iterable again for each epoch. **Errors**: `DataError` where it has no rows left, as a Node.js stream that was read before. */
const reopened = <A>(rows: AsyncIterable<A>): Streaming<A> => {
  let readBefore = false
  async function* read(readAgain: boolean): AsyncGenerator<A> {
    let count = 0
    try {
      for await (const row of rows) {
        count++
        readBefore = true
        yield row
      }
    } catch (cause) {
      throw readAgain && count === 0 ? failed(readOnce) : cause
    }
    if (readAgain && count === 0) throw failed(readOnce)
  }
  return () => Stream.suspend(() => Stream.fromAsyncIterable(read(readBefore), thrown))
}

const isIterable = (value: unknown): value is Iterable<never> => Predicate.hasProperty(value, Symbol.iterator)

const isAsyncIterable = (value: unknown): value is AsyncIterable<never> => Predicate.hasProperty(value, Symbol.asyncIterator)

const isIterator = (value: unknown): value is IterableIterator<never> =>
  Predicate.hasProperty(value, "next") && typeof value.next === "function"

const failed = (reason: string) => new DataError({ row: null, column: null, reason })

const thrown = (cause: unknown): DataError =>
  cause instanceof DataError ? cause : failed(`Reading the data failed: ${messageOf(cause)}`)

const readOnce =
  "The async iterator can be read only once, and a run reads its data again for each epoch and after a resume. Give a function that opens it: trainDataset: () => rows()."

const noData =
  "Expected a dataset (Dataset.fromArray(rows)), an array or another iterable of rows, or a function that opens rows for an epoch."
