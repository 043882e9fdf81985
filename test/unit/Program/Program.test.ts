import { expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Equal, Layer } from "effect"
import { Dataset, Loader, Sampler } from "../../../src/data.ts"
import { type Arguments, CheckpointStore, Device, Logger, Model, Program } from "../../../src/index.ts"
import { Dense, Loss, Parameters } from "../../../src/nn.ts"
import * as Tiny from "../../support/tiny.ts"

const given = {
  args: { maxSteps: 6, perDeviceTrainBatchSize: 2, learningRate: 0.05, loggingSteps: 2, evalStrategy: "epoch" },
  model: Tiny.model,
  dataCollator: Tiny.collate,
  trainDataset: Dataset.fromArray(Tiny.rows(8)),
  evalDataset: { near: Dataset.fromArray(Tiny.rows(3)), far: Effect.succeed(Dataset.fromArray(Tiny.rows(3, 9))) }
} as const
const services = () => Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.memory)
const run = <E>(program: Program.Program<E>) => Program.run(program).pipe(Effect.provide(services(), { local: true }))

it.effect("evaluates several datasets by name, of which one is opened by an effect", () =>
  Effect.gen(function* () {
    const { history, state } = yield* run(Program.make(given))
    expect(state.step).toBe(6)
    expect(history.map(({ kind, set, step }) => `${set ?? kind} ${step}`)).toEqual([
      "train 2",
      "train 4",
      "eval_near 4",
      "eval_far 4",
      "train 6",
      "eval_near 6",
      "eval_far 6",
      "summary 6"
    ])
  })
)

it.effect("getTrainDataloader with prefetching gives the same weights, and with another order different ones", () =>
  Effect.gen(function* () {
    const plain = yield* run(Program.make(given))
    const ahead = yield* run(
      Program.make({ ...given, getTrainDataloader: (options) => Effect.flatMap(Loader.make(options), Loader.prefetch(2)) })
    )
    expect(Equal.equals(ahead.weights, plain.weights)).toBe(true)
    const inOrder = yield* run(
      Program.make({ ...given, getTrainDataloader: (options) => Loader.make({ ...options, sampler: Sampler.sequential }) })
    )
    expect(Equal.equals(inOrder.weights, plain.weights)).toBe(false)
  })
)

it.effect("overrides take precedence over the program's arguments, and invalid ones fail before the data is opened", () =>
  Effect.gen(function* () {
    const opened: Array<string> = []
    const trainDataset = Effect.sync(() => {
      opened.push("train")
      return Dataset.fromArray(Tiny.rows(8))
    })
    const program = Program.make({ ...given, trainDataset })
    const { state } = yield* Program.run(program, { maxSteps: 2 }).pipe(Effect.provide(services(), { local: true }))
    expect(state.step).toBe(2)
    const error = yield* Effect.flip(
      Program.run(program, { perDeviceTrainBatchSize: 0 }).pipe(Effect.provide(services(), { local: true }))
    )
    expect(error._tag).toBe("InvalidArgument")
    expect(opened).toEqual(["train"])
  })
)

it.effect("log_level filters the log messages of a run, and deprecated arguments log a warning", () =>
  Effect.gen(function* () {
    const logged = Effect.fnUntraced(function* (args: Arguments.Input) {
      const messages: Array<unknown> = []
      const collect = EffectLogger.layer([EffectLogger.make(({ message }) => void messages.push(message))])
      const observe = {
        Finished: () => Effect.as(Effect.andThen(Effect.logInfo("info"), Effect.logError("error")), [])
      }
      const program = Program.make({ ...given, args: { ...given.args, ...args }, observe })
      yield* Program.run(program).pipe(Effect.provide(Layer.mergeAll(services(), collect), { local: true }))
      return messages.map(String)
    })
    expect(yield* logged({})).toEqual(["info", "error"])
    expect(yield* logged({ logLevel: "error" })).toEqual(["error"])
    expect(yield* logged({ logLevel: "critical" })).toEqual([])
    expect((yield* logged({ noCuda: true }))[0]).toContain("use_cpu")
  })
)

it.effect("label smoothing changes the training and evaluation loss", () =>
  Effect.gen(function* () {
    const classifier = Model.make({
      inputs: ["x"],
      labels: ["labels"],
      init: Parameters.make({ head: Dense.init({ inputs: 3, outputs: 2 }) }),
      forward: (p, { x }) => ({ logits: Dense.apply(p, "head", x) }),
      loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
    })
    const rows = Dataset.fromArray(Tiny.rows(8).map(({ x }, i) => ({ x, label: i % 2 })))
    const losses = (labelSmoothingFactor: number) =>
      Effect.map(
        Program.run(
          Program.make({
            args: { ...given.args, labelSmoothingFactor },
            model: classifier,
            trainDataset: rows,
            evalDataset: rows
          })
        ).pipe(Effect.provide(services(), { local: true })),
        ({ history }) => history.flatMap(({ values }) => values.loss ?? values.eval_loss ?? [])
      )
    const [plain, smooth] = [yield* losses(0), yield* losses(0.3)]
    expect(smooth).toHaveLength(plain.length)
    for (const [i, loss] of smooth.entries()) expect(loss).not.toBe(plain[i])
  })
)

it.effect("calls the program's observer, and then the one of the run options", () =>
  Effect.gen(function* () {
    const calls: Array<string> = []
    const named = (name: string) => ({
      Finished: () =>
        Effect.sync(() => {
          calls.push(name)
          return []
        })
    })
    const program = Program.make({ ...given, observe: named("program") })
    yield* Program.run(program, {}, { observe: named("options") }).pipe(Effect.provide(services(), { local: true }))
    expect(calls).toEqual(["program", "options"])
  })
)
