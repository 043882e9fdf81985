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
const world = () => Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.memory)
const run = <E>(program: Program.Program<E>) => Program.run(program).pipe(Effect.provide(world(), { local: true }))

it.effect("several evaluation datasets are sets by name, and an effect may open one", () =>
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

it.effect("a loader that reads ahead changes nothing, and one with another order does", () =>
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

it.effect("overrides win over the program's arguments, and wrong ones are refused before anything is opened", () =>
  Effect.gen(function* () {
    const opened: Array<string> = []
    const trainDataset = Effect.sync(() => {
      opened.push("train")
      return Dataset.fromArray(Tiny.rows(8))
    })
    const program = Program.make({ ...given, trainDataset })
    const { state } = yield* Program.run(program, { maxSteps: 2 }).pipe(Effect.provide(world(), { local: true }))
    expect(state.step).toBe(2)
    const error = yield* Effect.flip(
      Program.run(program, { perDeviceTrainBatchSize: 0 }).pipe(Effect.provide(world(), { local: true }))
    )
    expect(error._tag).toBe("InvalidArgument")
    expect(opened).toEqual(["train"])
  })
)

it.effect("log_level says what is heard while it trains, and deprecated arguments are warned of", () =>
  Effect.gen(function* () {
    const heard = Effect.fnUntraced(function* (args: Arguments.Input) {
      const messages: Array<unknown> = []
      const collect = EffectLogger.layer([EffectLogger.make(({ message }) => void messages.push(message))])
      const observe = {
        Finished: () => Effect.as(Effect.andThen(Effect.logInfo("told"), Effect.logError("warned")), [])
      }
      const program = Program.make({ ...given, args: { ...given.args, ...args }, observe })
      yield* Program.run(program).pipe(Effect.provide(Layer.mergeAll(world(), collect), { local: true }))
      return messages.map(String)
    })
    expect(yield* heard({})).toEqual(["told", "warned"])
    expect(yield* heard({ logLevel: "error" })).toEqual(["warned"])
    expect(yield* heard({ logLevel: "critical" })).toEqual([])
    expect((yield* heard({ noCuda: true }))[0]).toContain("use_cpu")
  })
)

it.effect("label smoothing changes the loss, in training and in evaluation", () =>
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
        ).pipe(Effect.provide(world(), { local: true })),
        ({ history }) => history.flatMap(({ values }) => values.loss ?? values.eval_loss ?? [])
      )
    const [plain, smooth] = [yield* losses(0), yield* losses(0.3)]
    expect(smooth).toHaveLength(plain.length)
    for (const [i, loss] of smooth.entries()) expect(loss).not.toBe(plain[i])
  })
)

it.effect("the program's own observer is asked, and the one that is given beside it", () =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const named = (name: string) => ({
      Finished: () =>
        Effect.sync(() => {
          asked.push(name)
          return []
        })
    })
    const program = Program.make({ ...given, observe: named("own") })
    yield* Program.run(program, {}, { observe: named("given") }).pipe(Effect.provide(world(), { local: true }))
    expect(asked).toEqual(["own", "given"])
  })
)
