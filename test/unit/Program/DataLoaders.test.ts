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

/** A feed, and the lines that it logged. */
const feed = Effect.fnUntraced(function* <A>(options: DataLoaders.Options<A>, input: Seq2SeqArguments.Input = {}) {
  const lines: Array<string> = []
  const made = yield* Effect.fromResult(
    Seq2SeqArguments.make({ perDeviceTrainBatchSize: 3, perDeviceEvalBatchSize: 4, ...input })
  )
  const { evaluation, train } = yield* DataLoaders.make(options, made).pipe(
    Effect.tap(({ unusedColumns }) => DataLoaders.logUnused(unusedColumns)),
    Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
  )
  return { evaluation, train, lines }
})
const said = <A>(options: DataLoaders.Options<A>, input?: Seq2SeqArguments.Input) =>
  Effect.map(Effect.flip(feed(options, input)), ({ _tag, message }) => `${_tag}: ${message}`)
const xs = (batch: Loader.Batch | undefined) => (batch === undefined ? undefined : [...batch.tensors.x!.data])

it.effect("remove_unused_columns leaves out what the model does not take, and says so once", () =>
  Effect.gen(function* () {
    const options = { model, trainDataset: rows(4), evalDataset: { near: rows(2), far: bare(2) } }
    const { evaluation, lines, train } = yield* feed(options)
    expect(Object.keys((yield* train.batch(0, 0))!.tensors)).toEqual(["x", "labels"])
    yield* train.batch(0, 1)
    expect(Object.keys((yield* evaluation.eval_near!.batch(0, 0))!.tensors)).toEqual(["x", "labels"])
    expect(lines).toEqual([
      "Columns that the model does not take are left out (remove_unused_columns): title, length of train; title, length of eval_near."
    ])
    const all = yield* feed({ ...options, trainDataset: bare(4), model: {} })
    expect(all.lines).toEqual([])
    const kept = yield* feed(options, { removeUnusedColumns: false })
    expect(kept.lines).toEqual([])
    expect((yield* Effect.flip(kept.train.batch(0, 0))).column).toBe("title")
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

it.effect("label_names are kept", () =>
  Effect.gen(function* () {
    const { train } = yield* feed({ model: { inputs: ["x"], labels: [] }, trainDataset: rows(4) }, { labelNames: ["length"] })
    expect(Object.keys((yield* train.batch(0, 0))!.tensors)).toEqual(["x", "length"])
  })
)

it.effect("data that leave the model nothing are refused before the first batch, rows and streams alike", () =>
  Effect.gen(function* () {
    const other = { inputs: ["pixels"], labels: ["digit"] }
    for (const trainDataset of [bare(3), stream])
      expect(yield* said({ model: other, trainDataset })).toMatch(
        /^NoColumnTaken: .*columns x, and the model takes pixels, digit/
      )
    const one = (column: string) => Dataset.fromArray<Readonly<Record<string, number>>>([{ [column]: 1 }])
    expect(yield* said({ model, trainDataset: one("x"), evalDataset: one("y") })).toMatch(/^NoColumnTaken/)
    expect(yield* said({ model: { inputs: ["x"], labels: ["digit"] }, trainDataset: rows(3) })).toMatch(/^LabelNotTaken/)
  })
)

it.effect("orders by length need a length, and are one at a time", () =>
  Effect.gen(function* () {
    for (const [input, name] of [
      [{ groupByLength: true }, "group_by_length"],
      [{ sortishSampler: true }, "sortish_sampler"]
    ] as const) {
      expect(yield* said({ model, trainDataset: bare(3) }, input)).toBe(
        `ContradictoryArguments: ${name} needs the length of each row, and the first has neither "length" nor "input_ids". Add a column with Dataset.map and name it in length_column_name, or leave ${name} out.`
      )
      expect(yield* said({ model, trainDataset: stream }, input)).toContain(`${name} needs all lengths before the first batch`)
      const { train } = yield* feed({ model, trainDataset: rows(9) }, input)
      expect(xs(yield* train.batch(0, 0))![0]).toBe(0) // the longest
    }
    expect(yield* said({ model, trainDataset: rows(3) }, { groupByLength: true, sortishSampler: true })).toContain(
      "leave one out"
    )
    const { train } = yield* feed({ model, trainDataset: rows(9) }, { groupByLength: true, lengthColumnName: "x" })
    expect(xs(yield* train.batch(0, 0))![0]).toBe(8)
  })
)

it.effect("a stream is read epoch by epoch, drops no batch, and is a set for evaluation too", () =>
  Effect.gen(function* () {
    const evalDataset = Effect.succeed(stream)
    const { evaluation, train } = yield* feed({ model, trainDataset: stream, evalDataset }, { dataloaderDropLast: true })
    expect(train.batchesPerEpoch).toBe(Infinity)
    expect(xs(yield* train.batch(2, 2))).toEqual([26])
    expect(yield* train.batch(2, 3)).toBeUndefined()
    expect(xs(yield* train.batch(0, 0))).toEqual([0, 1, 2])
    expect(xs(yield* evaluation.eval!.batch(0, 1))).toEqual([4, 5, 6])
    const refusal = /LoaderError: The training data is a stream, which is read forward/
    expect(yield* said({ model, trainDataset: stream, getTrainDataloader: Loader.make })).toMatch(refusal)
    expect(yield* said({ model, trainDataset: stream, workers: { module: new URL("file:///none") } })).toMatch(refusal)
  })
)

it.effect("without a module of workers batches are made ahead on the main thread, so many as workers make", () =>
  Effect.gen(function* () {
    const made: Array<string> = []
    const options = {
      model,
      trainDataset: bare(30),
      evalDataset: bare(30),
      dataCollator: (rows: ReadonlyArray<{ readonly x: number }>) =>
        Effect.sync(() => {
          made.push(`${rows.length}`)
          return {}
        })
    }
    const ahead = Effect.fnUntraced(function* (input: Arguments.Input) {
      const { evaluation, lines, train } = yield* feed(options, input)
      made.length = 0
      yield* train.batch(0, 0)
      yield* evaluation.eval!.batch(0, 0)
      return { lines, made: made.join("") }
    })
    expect(yield* ahead({})).toEqual({ lines: [], made: "34" })
    expect((yield* ahead({ dataloaderNumWorkers: 1 })).made).toBe("333444")
    const { lines, made: three } = yield* ahead({ dataloaderNumWorkers: 3, dataloaderPrefetchFactor: 1 })
    expect(three).toBe("33334444")
    expect(lines).toEqual([
      "dataloader_num_workers is 3: batches are made on the main thread, 3 ahead. For threads, export the data from a module and name it as the program's workers."
    ])
  })
)

it.effect("the module of the workers must have the program's rows, and a loader does not go beside it", () =>
  Effect.gen(function* () {
    const module = new URL("../../support/rows.ts", import.meta.url)
    const options = { model: {}, trainDataset: bare(3), workers: { module } }
    const input = { dataloaderNumWorkers: 1 }
    expect(yield* said(options, input)).toBe(
      "LoaderError: The sampler does not match the dataset: the module of the workers has 61 rows, and trainDataset has 3; they must be the same."
    )
    expect(yield* said({ ...options, getTrainDataloader: Loader.make }, input)).toMatch(/^LoaderError: .*give one of them/)
    const { lines, train } = yield* feed(options) // no worker is wanted
    expect([lines, Option.isSome(Option.fromNullishOr(yield* train.batch(0, 0)))]).toEqual([[], true])
  })
)

it.effect("an empty dataset is refused", () =>
  Effect.gen(function* () {
    expect(yield* said({ model, trainDataset: bare(0) })).toMatch(/^LoaderError: The dataset is empty/)
    expect(yield* said({ model, trainDataset: bare(0) }, { groupByLength: true })).toMatch(/^LoaderError: The dataset is empty/)
  })
)
