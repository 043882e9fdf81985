/** Order and batches are functions of the arguments and the place alone: however they are read, and wherever a run goes on. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, References, type Scope } from "effect"
import fc from "fast-check"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Seq2SeqArguments from "../../src/Arguments/Seq2SeqArguments.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import type { Loader } from "../../src/Data/Loader.ts"
import * as Sampler from "../../src/Data/Samplers.ts"
import * as Streaming from "../../src/Data/Streaming.ts"
import type { Options } from "../../src/Driver/Run.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as DataLoaders from "../../src/Program/DataLoaders.ts"
import * as Program from "../../src/Program/Program.ts"
import { source } from "../support/rows.ts"
import * as Tiny from "../support/tiny.ts"

const sized = (size: number) => Dataset.make({ size, at: (i) => ({ x: i, length: (i * 7) % 5, text: "left out" }) })

const given = fc.record({
  size: fc.integer({ min: 1, max: 60 }),
  order: fc.constantFrom("random", "grouped", "sortish"),
  args: fc.record({
    seed: fc.nat(9),
    dataSeed: fc.option(fc.nat(9)),
    perDeviceTrainBatchSize: fc.integer({ min: 1, max: 9 }),
    gradientAccumulationSteps: fc.integer({ min: 1, max: 3 })
  }),
  dropLast: fc.boolean(),
  workers: fc.integer({ min: 0, max: 3 }),
  factor: fc.integer({ min: 1, max: 3 }),
  stream: fc.boolean()
})
type Given = typeof given extends fc.Arbitrary<infer A> ? A : never

const loadersOf = Effect.fnUntraced(function* ({ args, dropLast, factor, order, size, stream, workers }: Given) {
  const made = Seq2SeqArguments.make({
    ...args,
    dataloaderDropLast: dropLast,
    dataloaderNumWorkers: workers,
    dataloaderPrefetchFactor: workers === 0 ? null : factor,
    groupByLength: order === "grouped",
    sortishSampler: order === "sortish"
  })
  const dataset = sized(size)
  const trainDataset = stream ? Streaming.shuffle(Streaming.fromDataset(dataset), { buffer: 5, seed: args.seed }) : dataset
  const model = { inputs: ["x", "length"], labels: [] }
  return yield* DataLoaders.make({ model, trainDataset }, yield* Effect.fromResult(made))
})
const possible = ({ args, dropLast, order, size, stream }: Given) =>
  stream ? order === "random" : !dropLast || size >= args.perDeviceTrainBatchSize

const through = Effect.fnUntraced(function* (loader: Loader, epoch: number) {
  const rows: Array<number> = []
  for (let batch = 0; ; batch++) {
    const next = yield* loader.batch(epoch, batch)
    if (next === undefined) return rows
    rows.push(...Array.from(next.tensors.x!.data))
  }
})
const quiet = Effect.provideService(References.MinimumLogLevel, "None")
const runScoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(quiet(Effect.scoped(effect)))

it("a batch is a function of the arguments and its place: of no worker, and of nothing read before", () =>
  fc.assert(
    fc.asyncProperty(given, fc.array(fc.tuple(fc.nat(2), fc.nat(9)), { maxLength: 6 }), async (given, cursors) => {
      fc.pre(possible(given))
      await runScoped(
        Effect.gen(function* () {
          const walking = yield* loadersOf(given)
          for (const [epoch, batch] of cursors) {
            const fresh = yield* loadersOf({ ...given, workers: 0 })
            expect(yield* walking.train.batch(epoch, batch)).toEqual(yield* fresh.train.batch(epoch, batch))
          }
        })
      )
    }),
    { numRuns: 200 }
  ))

it("an epoch is the order that the arguments name, and has every row", () =>
  fc.assert(
    fc.asyncProperty(given, fc.nat(3), async (given, epoch) => {
      fc.pre(possible(given) && !given.stream)
      const { args, dropLast, order, size } = given
      const seed = args.dataSeed ?? args.seed
      const batchSize = args.perDeviceTrainBatchSize
      const lengths = Array.from({ length: size }, (_, i) => (i * 7) % 5)
      const samplers = {
        random: Sampler.random({ seed }),
        grouped: Sampler.lengthGrouped({ lengths, seed, batchSize: batchSize * args.gradientAccumulationSteps }),
        sortish: Sampler.sortish({ lengths, seed, batchSize })
      }
      const rows = await runScoped(Effect.flatMap(loadersOf(given), ({ train }) => through(train, epoch)))
      const kept = dropLast ? size - (size % batchSize) : size
      expect(rows).toEqual([...samplers[order](size, epoch)].slice(0, kept))
      expect(new Set(rows).size).toBe(kept)
    }),
    { numRuns: 200 }
  ))

it("threads give the batches of the main thread, by length and without the columns that are left out", () =>
  runScoped(
    Effect.gen(function* () {
      const module = new URL("../support/rows.ts", import.meta.url)
      const model = { inputs: ["input_ids", "attention_mask", "weight"], labels: ["labels"] }
      const make = Effect.fnUntraced(function* (input: Arguments.Input) {
        const args = yield* Effect.fromResult(Arguments.make({ groupByLength: true, perDeviceTrainBatchSize: 7, ...input }))
        return yield* DataLoaders.make(
          { model, trainDataset: source.dataset, dataCollator: source.collate, workers: { module } },
          args
        )
      })
      const [main, threads] = [yield* make({}), yield* make({ dataloaderNumWorkers: 2, dataloaderPrefetchFactor: 1 })]
      expect(threads.train.batchesPerEpoch).toBe(9)
      for (const [epoch, batch] of [
        [0, 0],
        [0, 1],
        [1, 8],
        [1, 9],
        [0, 3]
      ] as const)
        expect(yield* threads.train.batch(epoch, batch)).toEqual(yield* main.train.batch(epoch, batch))
    })
  ))

it.effect("ignore_data_skip: a run that goes on reads its epoch from the start again", () =>
  Effect.gen(function* () {
    const read: Array<number> = []
    const rows = Dataset.fromRows({
      size: 12,
      rows: (indices) =>
        Effect.sync(() => {
          read.push(...indices)
          return indices.map((i) => Tiny.rows(12)[i]!)
        })
    })
    const after = Effect.fnUntraced(function* (ignoreDataSkip: boolean) {
      const store = Tiny.store()
      const program = Program.make({ model: Tiny.model, dataCollator: Tiny.collate, trainDataset: rows })
      const run = (maxSteps: number) => {
        const args = { maxSteps, perDeviceTrainBatchSize: 2, saveSteps: 1, ignoreDataSkip }
        const layers = Layer.mergeAll(Cpu.layer, store.layer, Tiny.logger())
        return Program.run(program, args).pipe(Effect.provide(layers, { local: true }))
      }
      yield* run(2)
      read.length = 0
      yield* run(4)
      return read.slice(-4)
    })
    const order = [...Sampler.torchPermutation(12, 42)]
    expect(yield* after(false)).toEqual(order.slice(4, 8))
    expect(yield* after(true)).toEqual(order.slice(0, 4))
  })
)

const ways: ReadonlyArray<readonly [string, Seq2SeqArguments.Input, ("dataset" | "stream")?]> = [
  ["as it comes", {}],
  ["group_by_length", { groupByLength: true }],
  ["sortish_sampler", { sortishSampler: true }],
  ["dataloader_num_workers", { dataloaderNumWorkers: 2 }],
  ["dataloader_prefetch_factor", { dataloaderNumWorkers: 1, dataloaderPrefetchFactor: 3 }],
  ["dataloader_drop_last", { dataloaderDropLast: true }],
  ["data_seed", { dataSeed: 5 }],
  ["auto_find_batch_size", { autoFindBatchSize: true }],
  ["a stream", {}, "stream"],
  ["a stream, read ahead", { dataloaderNumWorkers: 2 }, "stream"]
]

it.effect.each(ways)("an interrupted and resumed run reads the batches of the uninterrupted one: %s", ([, input, kind]) =>
  Effect.gen(function* () {
    const rows = Dataset.fromArray(Tiny.rows(11).map((row, i) => ({ ...row, length: (i * 7) % 5 })))
    const args = yield* Effect.fromResult(
      Seq2SeqArguments.make({
        maxSteps: 8,
        perDeviceTrainBatchSize: 2,
        gradientAccumulationSteps: 2,
        learningRate: 0.05,
        ...input
      })
    )
    const program = Program.make({
      model: { ...Tiny.model, inputs: ["x"], labels: ["labels"] },
      dataCollator: Tiny.collate,
      trainDataset: kind === "stream" ? Streaming.shuffle(Streaming.fromDataset(rows), { buffer: 4, seed: 1 }) : rows
    })
    const run = (store: ReturnType<typeof Tiny.store>, options: Options<"cut"> = {}) =>
      Effect.scoped(Effect.flatMap(program.prepare(args), (prepared) => Program.train(prepared, options))).pipe(
        Effect.provide(Layer.mergeAll(Cpu.layer, store.layer, Tiny.logger()), { local: true }),
        quiet
      )
    const whole = yield* run(Tiny.store())
    for (const at of [1, 3, 4]) {
      const store = Tiny.store()
      yield* Effect.flip(
        run(store, {
          observe: { StepEnded: ({ state }) => (state.step === at ? Effect.fail("cut" as const) : Effect.succeed([])) }
        })
      )
      const resumed = yield* run(store)
      expect(Equal.equals(resumed.weights, whole.weights)).toBe(true)
      expect(resumed.state.position).toEqual(whole.state.position)
    }
  })
)
