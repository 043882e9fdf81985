/** The page's Trainer with Promises and the usual Layers: for those who do not use Effect. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Exit, Layer, Result, Scope } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import type { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import { fromArray } from "../Data/Dataset.ts"
import type { Device } from "../Layer/Device/Device.ts"
import type * as Devices from "../Layer/Device/Devices.ts"
import type { Logger } from "../Layer/Logger/Logger.ts"
import * as Signals from "../Layer/Signals.ts"
import type { Metrics } from "./ComputeMetrics.ts"
import { InvalidTask } from "./Errors.ts"
import type { EvalPrediction } from "./EvalPrediction.ts"
import type { EvaluateOptions, LoopOptions, PredictionOutput } from "./Facade/Evaluating.ts"
import type { Options as FacadeOptions } from "./Facade/Options.ts"
import * as Facade from "./Facade.ts"
import { isSource, type Source, type Sources } from "./Feed.ts"
import * as World from "./World.ts"

/** Rows as an array, or whatever else feeds a Trainer. */
export type Rows<A> = ReadonlyArray<A> | Source<A, unknown>

/** Rows, or several sets of them by name. */
export type Sets<A> = Rows<A> | Readonly<Record<string, Rows<A>>>

export interface Options<A> extends Omit<FacadeOptions<A, unknown>, "trainDataset" | "evalDataset" | "computeMetrics"> {
  readonly trainDataset?: Rows<A>
  readonly evalDataset?: Sets<A>
  /** Given an evaluation's predictions, gives its metrics, at once or as a promise. */
  readonly computeMetrics?: (
    prediction: EvalPrediction,
    info: { readonly computeResult: boolean }
  ) => Metrics | PromiseLike<Metrics>
  /** Where to train; the best that works, where it is left out. */
  readonly device?: Devices.Name
  /** A world in the place of the usual one. */
  readonly world?: Layer.Layer<Device | CheckpointStore | Logger, unknown>
}

/** What gives effects gives promises. */
type Promised<T> = {
  readonly [K in keyof T]: T[K] extends Effect.Effect<infer B, infer _, infer __>
    ? Promise<B>
    : T[K] extends (...args: infer P) => Effect.Effect<infer B, infer _, infer __>
      ? (...args: P) => Promise<B>
      : T[K]
}

/** Effects around effects have no place among promises. */
type Around = "autocastSmartContextManager" | "computeLossContextManager"

export interface Trainer<A>
  extends Promised<
    Omit<Facade.Trainer<A, unknown>, Around | "evaluate" | "predict" | "getEvalDataloader" | "getTestDataloader">
  > {
  readonly evaluate: (
    options?: Omit<EvaluateOptions<A, unknown, never>, "evalDataset"> & { readonly evalDataset?: Sets<A> }
  ) => Promise<Metrics>
  readonly predict: (testDataset: Rows<A>, options?: Omit<LoopOptions, "predictionLossOnly">) => Promise<PredictionOutput>
  /** Gives back what the Trainer holds: its device, its log's files. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Makes a Trainer whose methods are promises, in the usual world: the best device that works, and the output folder for checkpoints, log and figures.
 * A signal (Ctrl-C) during a method ends it cleanly, a training with a checkpoint of where it stood, and then the process.
 *
 * **Errors**: promises are rejected with the typed errors of `Trainer`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { CheckpointStore, Dense, Device, Logger, Loss, Model, Parameters } from "regimen"
 * import { Trainer } from "regimen/promise"
 * import { Layer } from "effect"
 *
 * const rows = Array.from({ length: 20 }, (_, i) => ({ x: [i % 2 ? 1 : -1], labels: i % 2 }))
 * const trainer = await Trainer.make({
 *   model: Model.make({
 *     inputs: ["x"],
 *     labels: ["labels"],
 *     init: Parameters.make({ lin: Dense.init({ inputs: 1, outputs: 2 }) }),
 *     forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
 *     loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
 *   }),
 *   args: { learningRate: 0.1, numTrainEpochs: 5 },
 *   trainDataset: rows,
 *   evalDataset: rows,
 *   world: Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none) // leave it out for the usual one
 * })
 * await trainer.train()
 * assert.ok((await trainer.evaluate()).eval_loss! < 0.3)
 * await trainer.close()
 * ```
 */
export const make = async <A>(options: Options<A>): Promise<Trainer<A>> => {
  const { computeMetrics, evalDataset, trainDataset, world: given, device, ...rest } = options
  const scope = Scope.makeUnsafe()
  const args = Arguments.make(options.args ?? { outputDir: "tmp_trainer" })
  if (Result.isFailure(args)) throw args.failure
  const world = Layer.provideMerge(
    given ?? World.fromArguments(args.success, device === undefined ? {} : { device }),
    NodeServices.layer
  )
  let closed = false
  const close = () => {
    closed = true
    return Effect.runPromise(Scope.close(scope, Exit.void))
  }
  const context = await Effect.runPromise(Layer.buildWithScope(world, scope)).catch(async (error) => {
    await close()
    throw error
  })
  const run = <B>(effect: Effect.Effect<B, unknown, Facade.Home | Scope.Scope>): Promise<B> =>
    closed
      ? Promise.reject(new InvalidTask({ reason: "This Trainer is closed. Make another one." }))
      : Effect.runPromise(Signals.heed(effect).pipe(Effect.provide(context), Effect.provideService(Scope.Scope, scope)))

  const trainer = await run(
    Facade.make<A, unknown>({
      ...rest,
      ...(trainDataset === undefined ? {} : { trainDataset: source(trainDataset) }),
      ...(evalDataset === undefined ? {} : { evalDataset: sources(evalDataset) }),
      ...(computeMetrics === undefined
        ? {}
        : {
            computeMetrics: (prediction, info) =>
              Effect.tryPromise({ try: async () => computeMetrics(prediction, info), catch: (cause) => cause })
          })
    })
  )
  const promised = {}
  for (const [name, value] of Object.entries(trainer)) {
    if (Effect.isEffect(value)) Object.defineProperty(promised, name, { get: () => run<unknown>(value), enumerable: true })
    else Object.assign(promised, { [name]: typeof value === "function" ? method(run, value) : value })
  }
  return Object.assign(promised, {
    evaluate: ({ evalDataset, ...options }: Parameters<Trainer<A>["evaluate"]>[0] = {}) =>
      run(trainer.evaluate({ ...options, ...(evalDataset === undefined ? {} : { evalDataset: sources(evalDataset) }) })),
    predict: (testDataset: Rows<A>, options?: Omit<LoopOptions, "predictionLossOnly">) =>
      run(trainer.predict(source(testDataset), options)),
    close,
    [Symbol.asyncDispose]: close
  }) as Trainer<A>
}

type Run = <B>(effect: Effect.Effect<B, unknown, Facade.Home | Scope.Scope>) => Promise<B>

const method =
  (run: Run, call: (...args: ReadonlyArray<never>) => unknown) =>
  (...args: ReadonlyArray<never>): unknown => {
    const result = call(...args)
    return Effect.isEffect(result) ? run(result as Effect.Effect<unknown>) : result
  }

const source = <A>(rows: Rows<A>): Source<A, unknown> => (isArray(rows) ? fromArray(rows) : rows)

const sources = <A>(sets: Sets<A>): Sources<A, unknown> => {
  if (isArray(sets)) return fromArray(sets)
  if (isSource<A, unknown, never>(sets as Sources<A, unknown>)) return sets as Source<A, unknown>
  return Object.fromEntries(Object.entries(sets).map(([name, rows]) => [name, source(rows)]))
}

const isArray = <A>(rows: Sets<A>): rows is ReadonlyArray<A> => Array.isArray(rows)
