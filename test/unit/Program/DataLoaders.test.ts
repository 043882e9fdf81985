import { expect, it } from "@effect/vitest"
import { Effect, Logger, Option, Stream } from "effect"
import type * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Seq2SeqArguments from "../../../src/Arguments/Seq2SeqArguments.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loaders.ts"
import type * as Streaming from "../../../src/Data/Streaming.ts"
import * as DataLoaders from "../../../src/Program/DataLoaders.ts"

const model = { inputs: ["x"], labels: ["labels"] }
const rows = (size: number) => Dataset.make({ size, at: (i) => ({ x: i, label: i, title: "a", length: 9 - i }) })
const bare = (size: number) => Dataset.make({ size, at: (x) => ({ x }) })
const stream: Streaming.Streaming<{ readonly x: number }> = (epoch) =>
  Stream.range(0, 6).pipe(Stream.map((i) => ({ x: 10 * epoch + i })))

/** The data loaders of the options, and the lines that they logged. */
const open = Effect.fnUntraced(function* <A>(options: DataLoaders.Options<A>, input: Seq2SeqArguments.Input = {}) {
  const lines: Array<string> = []
  const args = yield* Effect.fromResult(
    Seq2SeqArguments.make({ perDeviceTrainBatchSize: 3, perDeviceEvalBatchSize: 4, ...input })
  )
  const { evaluation, train } = yield* DataLoaders.make(options, args).pipe(
    Effect.tap(({ unusedColumns }) => DataLoaders.logUnused(unusedColumns)),
    Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
  )
  return { evaluation, train, lines }
})
const failure = <A>(options: DataLoaders.Options<A>, input?: Seq2SeqArguments.Input) =>
  Effect.map(Effect.flip(open(options, input)), ({ _tag, message }) => `${_tag}: ${message}`)
const xs = (batch: Loader.Batch | undefined) => (batch === undefined ? undefined : [...batch.tensors.x!.data])

it.effect("remove_unused_columns removes the columns that the model does not take, and logs them once", () =>
  Effect.gen(function* () {
    const options = { model, trainDataset: rows(4), evalDataset: { near: rows(2), far: bare(2) } }
    const { evaluation, lines, train } = yield* open(options)
    expect(Object.keys((yield* train.batch(0, 0))!.tensors)).toEqual(["x", "labels"])
    yield* train.batch(0, 1)
    expect(Object.keys((yield* evaluation.eval_near!.batch(0, 0))!.tensors)).toEqual(["x", "labels"])
    expect(lines).toEqual([
      "Columns that the model does not take are left out (remove_unused_columns): title, length of train; title, length of eval_near."
    ])
    const all = yield* open({ ...options, trainDataset: bare(4), model: {} })
    expect(all.lines).toEqual([])
    const unfiltered = yield* open(options, { removeUnusedColumns: false })
    expect(unfiltered.lines).toEqual([])
    expect((yield* Effect.flip(unfiltered.train.batch(0, 0))).column).toBe("title")
  })
)

it.effect("names the unused columns of an evaluation set under the set's own name", () =>
  Effect.gen(function* () {
    const args = yield* Effect.fromResult(Seq2SeqArguments.make({}))
    const opened = yield* DataLoaders.forEvaluation<unknown, never, never>({ model, evalDataset: rows(2) }, args, "test")
    expect([Object.keys(opened.evaluation), opened.unusedColumns]).toEqual([["test"], ["title, length of test"]])
    const evalDataset = { near: rows(2), far: bare(2) }
    const all = yield* DataLoaders.forEvaluation<unknown, never, never>({ model, evalDataset }, args)
    expect(all.unusedColumns).toEqual(["title, length of eval_near"])
  })
)

it.effect("remove_unused_columns keeps label_names", () =>
  Effect.gen(function* () {
    const { train } = yield* open({ model: { inputs: ["x"], labels: [] }, trainDataset: rows(4) }, { labelNames: ["length"] })
    expect(Object.keys((yield* train.batch(0, 0))!.tensors)).toEqual(["x", "length"])
  })
)

it.effect("refuses rows and streams without any column of the model before the first batch", () =>
  Effect.gen(function* () {
    const other = { inputs: ["pixels"], labels: ["digit"] }
    for (const trainDataset of [bare(3), stream])
      expect(yield* failure({ model: other, trainDataset })).toMatch(
        /^NoColumnTaken: .*columns x, and the model takes pixels, digit/
      )
    const one = (column: string) => Dataset.fromArray<Readonly<Record<string, number>>>([{ [column]: 1 }])
    expect(yield* failure({ model, trainDataset: one("x"), evalDataset: one("y") })).toMatch(/^NoColumnTaken/)
    expect(yield* failure({ model: { inputs: ["x"], labels: ["digit"] }, trainDataset: rows(3) })).toMatch(/^LabelNotTaken/)
  })
)

it.effect("group_by_length and sortish_sampler need a length column, and exclude each other", () =>
  Effect.gen(function* () {
    for (const [input, name] of [
      [{ groupByLength: true }, "group_by_length"],
      [{ sortishSampler: true }, "sortish_sampler"]
    ] as const) {
      expect(yield* failure({ model, trainDataset: bare(3) }, input)).toBe(
        `ContradictoryArguments: ${name} needs the length of each row, and the first has neither "length" nor "input_ids". Add a column with Dataset.map and name it in length_column_name, or leave ${name} out.`
      )
      expect(yield* failure({ model, trainDataset: stream }, input)).toContain(`${name} needs all lengths before the first batch`)
      const { train } = yield* open({ model, trainDataset: rows(9) }, input)
      expect(xs(yield* train.batch(0, 0))![0]).toBe(0) // the longest
    }
    expect(yield* failure({ model, trainDataset: rows(3) }, { groupByLength: true, sortishSampler: true })).toContain(
      "leave one out"
    )
    const { train } = yield* open({ model, trainDataset: rows(9) }, { groupByLength: true, lengthColumnName: "x" })
    expect(xs(yield* train.batch(0, 0))![0]).toBe(8)
  })
)

it.effect("a stream is read per epoch, drops no batch with dataloader_drop_last, and can be an evaluation set", () =>
  Effect.gen(function* () {
    const evalDataset = Effect.succeed(stream)
    const { evaluation, train } = yield* open({ model, trainDataset: stream, evalDataset }, { dataloaderDropLast: true })
    expect(train.batchesPerEpoch).toBe(Infinity)
    expect(xs(yield* train.batch(2, 2))).toEqual([26])
    expect(yield* train.batch(2, 3)).toBeUndefined()
    expect(xs(yield* train.batch(0, 0))).toEqual([0, 1, 2])
    expect(xs(yield* evaluation.eval!.batch(0, 1))).toEqual([4, 5, 6])
    const refusal = /LoaderError: The training data is a stream, which is read forward/
    expect(yield* failure({ model, trainDataset: stream, getTrainDataloader: Loader.make })).toMatch(refusal)
    expect(yield* failure({ model, trainDataset: stream, workers: { module: new URL("file:///none") } })).toMatch(refusal)
  })
)

it.effect("prefetches on the main thread without a module of workers, as many batches as the workers would", () =>
  Effect.gen(function* () {
    const collated: Array<string> = []
    const options = {
      model,
      trainDataset: bare(30),
      evalDataset: bare(30),
      dataCollator: (rows: ReadonlyArray<{ readonly x: number }>) =>
        Effect.sync(() => {
          collated.push(`${rows.length}`)
          return {}
        })
    }
    const ahead = Effect.fnUntraced(function* (input: Arguments.Input) {
      const { evaluation, lines, train } = yield* open(options, input)
      collated.length = 0
      yield* train.batch(0, 0)
      yield* evaluation.eval!.batch(0, 0)
      return { lines, collated: collated.join("") }
    })
    expect(yield* ahead({})).toEqual({ lines: [], collated: "34" })
    expect((yield* ahead({ dataloaderNumWorkers: 1 })).collated).toBe("333444")
    const { lines, collated: three } = yield* ahead({ dataloaderNumWorkers: 3, dataloaderPrefetchFactor: 1 })
    expect(three).toBe("33334444")
    expect(lines).toEqual([
      "dataloader_num_workers is 3: batches are made on the main thread, 3 ahead. For threads, export the data from a module and name it as the program's workers."
    ])
  })
)

it.effect("refuses a workers' module with another number of rows, or together with getTrainDataloader", () =>
  Effect.gen(function* () {
    const module = new URL("../../support/rows.ts", import.meta.url)
    const options = { model: {}, trainDataset: bare(3), workers: { module } }
    const input = { dataloaderNumWorkers: 1 }
    expect(yield* failure(options, input)).toBe(
      "LoaderError: The sampler does not match the dataset: the module of the workers has 61 rows, and trainDataset has 3; they must be the same."
    )
    expect(yield* failure({ ...options, getTrainDataloader: Loader.make }, input)).toMatch(/^LoaderError: .*give one of them/)
    const { lines, train } = yield* open(options) // dataloader_num_workers is 0
    expect([lines, Option.isSome(Option.fromNullishOr(yield* train.batch(0, 0)))]).toEqual([[], true])
  })
)

it.effect("refuses an empty dataset", () =>
  Effect.gen(function* () {
    expect(yield* failure({ model, trainDataset: bare(0) })).toMatch(/^LoaderError: The dataset is empty/)
    expect(yield* failure({ model, trainDataset: bare(0) }, { groupByLength: true })).toMatch(
      /^LoaderError: The dataset is empty/
    )
  })
)
