/** Hugging Face's Trainer with promises and default Layers, for programs without Effect. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Fiber, FiberSet, Layer, Result, Schema, Scope } from "effect"
import type { CheckpointStore } from "../../Checkpoint/CheckpointStore.ts"
import type { Collator } from "../../Data/Collator.ts"
import { defined } from "../../Defined.ts"
import type { Metrics } from "../../Evaluation/ComputeMetrics.ts"
import type { EvalPrediction } from "../../Evaluation/EvalPrediction.ts"
import type { Device } from "../../Layer/Device/Device.ts"
import type * as Devices from "../../Layer/Device/Devices.ts"
import * as EffectMessages from "../../Layer/Logger/EffectMessages.ts"
import type { Logger } from "../../Layer/Logger/Logger.ts"
import * as Signals from "../../Layer/Signals.ts"
import { collatorFailed, type Source } from "../../Program/DataLoaders.ts"
import * as RunLayers from "../../Program/RunLayers.ts"
import type { HostTensors } from "../../Tensor/HostTensor.ts"
import type { PredictionOutput } from "../Evaluate.ts"
import { join, type PredictOptions } from "../EvaluateOptions.ts"
import type { Options as TrainerOptions } from "../Options.ts"
import * as HuggingFaceTrainer from "../Trainer.ts"
import { plain, readArguments, type TrainerClass } from "../TrainerContext.ts"

/** Rows as an array or another iterable, a function that opens them for an epoch, or a dataset. */
export type Rows<A> = Source<A, unknown>

/** Rows, or several sets of them by name. */
export type Sets<A> = Rows<A> | Readonly<Record<string, Rows<A>>>

/** Computes metrics from an evaluation's predictions, at once or as a promise. */
export type ComputeMetrics = (
  prediction: EvalPrediction,
  info: { readonly computeResult: boolean }
) => Metrics | PromiseLike<Metrics>

/** Makes a batch from rows: a `Collator`, or a function that returns the tensors, at once or as a promise. */
export type DataCollator<A> =
  | Collator<A>
  | ((rows: ReadonlyArray<A>, indices: ReadonlyArray<number>, epoch?: number) => HostTensors | PromiseLike<HostTensors>)

export type { ComputeLoss } from "../../Program/ComputeLoss.ts"

export interface Options<A>
  extends Omit<TrainerOptions<A, unknown>, "trainDataset" | "evalDataset" | "computeMetrics" | "dataCollator"> {
  readonly trainDataset?: Rows<A>
  readonly evalDataset?: Sets<A>
  readonly computeMetrics?: ComputeMetrics
  /** Makes a batch from rows. Default: padding by the tokenizer; without one `Collator.stack()`. */
  readonly dataCollator?: DataCollator<A>
  /** Where to train. Default: the fastest device that works. */
  readonly device?: Devices.Name
  /** The device, checkpoint store and logger in place of the default ones. */
  readonly layers?: Layer.Layer<Device | CheckpointStore | Logger, unknown>
}

/** A method was called on a closed Trainer, or was running when it was closed. */
export class TrainerClosed extends Schema.TaggedError<TrainerClosed>()("TrainerClosed", {
  method: Schema.String,
  running: Schema.Boolean
}) {
  override get message() {
    return this.running
      ? `This Trainer was closed while ${this.method} was running, which was interrupted. Await ${this.method} before close.`
      : `This Trainer is closed: it can no longer ${this.method}. Close it at the end, or make another one.`
  }
}

/** Methods that return effects return promises; attributes that are effects are values. */
type Promised<T> = {
  readonly [K in keyof T]: T[K] extends Effect.Effect<infer B, infer _, infer __>
    ? B
    : T[K] extends (...args: infer P) => Effect.Effect<infer B, infer _, infer __>
      ? (...args: P) => Promise<B>
      : T[K]
}

/** The options of `evaluate`, by name. */
export interface Asked<A> extends PredictOptions {
  readonly evalDataset?: Sets<A>
}

/** Effects around effects have no place among promises. */
type Around = "autocastSmartContextManager" | "computeLossContextManager"

/** `G` is what `evaluate` and `predict` take beside their options. */
export interface Trainer<A, G = unknown>
  extends Promised<
    Omit<HuggingFaceTrainer.Trainer<A, unknown>, Around | "evaluate" | "predict" | "getEvalDataloader" | "getTestDataloader">
  > {
  /** Options, or rows (or several sets by name) and then options. */
  readonly evaluate: (asked?: (Asked<A> & G) | Sets<A>, options?: PredictOptions & G) => Promise<Metrics>
  readonly predict: (testDataset: Rows<A>, options?: PredictOptions & G) => Promise<PredictionOutput>
  /** Interrupts and awaits methods that are running (a training saves its state), then releases the device, the log's files and other resources. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Makes a Trainer whose methods are promises. By default it uses the fastest device that works, and the output folder for checkpoints, log and figures.
 * A signal (Ctrl-C) during a method interrupts it, a training with a checkpoint, and then ends the process.
 *
 * **Errors**: promises are rejected with the typed errors of `Trainer`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { CheckpointStore, Device, Logger, Model } from "regimen"
 * import { Dense, Loss, Parameters } from "regimen/nn"
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
 *   layers: Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none) // omit it for the default
 * })
 * await trainer.train()
 * assert.ok((await trainer.evaluate()).eval_loss! < 0.3)
 * await trainer.close()
 * ```
 */
export const make = <A>(options: Options<A>): Promise<Trainer<A>> => makeAs(options, plain)

/** Makes a Trainer of a class. **Errors**: as `make`. */
export const makeAs = async <A, G>(options: Options<A>, trainerClass: TrainerClass<G>): Promise<Trainer<A, G>> => {
  const { computeMetrics, dataCollator, evalDataset, trainDataset, layers: given, device, ...rest } = options
  const args = Result.getOrThrow(readArguments(options, trainerClass, ["device", "layers"]))
  const layers = given ?? RunLayers.fromArguments(args, defined({ device }))
  const scope = Scope.makeUnsafe()
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= Effect.runPromise(Scope.close(scope, Exit.void))
    return closing
  }
  const abandon = async (error: unknown): Promise<never> => {
    await close()
    throw error
  }
  const opened = Effect.gen(function* () {
    const services = yield* Layer.buildWithMemoMap(NodeServices.layer, platform, scope)
    const provided = Layer.provideMerge(Layer.merge(layers, EffectMessages.layer), Layer.succeedContext(services))
    const context = yield* Layer.buildWithScope(provided, scope)
    // opened last: when the scope closes, methods end before the layers that they use
    return { context, running: yield* Scope.provide(FiberSet.make<unknown, unknown>(), scope) }
  })
  const { context, running } = await Effect.runPromise(opened).catch(abandon)
  const run: Run = async (method, effect) => {
    if (closing !== undefined) throw new TrainerClosed({ method, running: false })
    const started = Effect.flatMap(FiberSet.run(running, effect), (fiber) =>
      Effect.onInterrupt(Fiber.join(fiber), () => Fiber.interrupt(fiber))
    )
    const exit = await Effect.runPromiseExit(
      Signals.heed(started, Effect.promise(close)).pipe(Effect.provide(context), Effect.provideService(Scope.Scope, scope))
    )
    if (Exit.isSuccess(exit)) return exit.value as Effect.Success<typeof effect>
    const interrupted = closing !== undefined && Cause.hasInterruptsOnly(exit.cause)
    throw interrupted ? new TrainerClosed({ method, running: true }) : Cause.squash(exit.cause)
  }

  const inEffect: TrainerOptions<A, unknown> = {
    ...rest,
    ...defined({ trainDataset, evalDataset }),
    ...(dataCollator === undefined ? {} : { dataCollator: collator(dataCollator) }),
    ...(computeMetrics === undefined
      ? {}
      : {
          computeMetrics: (prediction, info) =>
            Effect.tryPromise({ try: async () => computeMetrics(prediction, info), catch: (cause) => cause })
        })
  }
  const trainer = await run("make", HuggingFaceTrainer.makeAs(inEffect, trainerClass, args)).catch(abandon)
  const promised = {}
  for (const [name, value] of Object.entries(trainer)) {
    if (Effect.isEffect(value))
      Object.defineProperty(promised, name, { get: () => Effect.runSync(value as Effect.Effect<unknown>), enumerable: true })
    else Object.assign(promised, { [name]: typeof value === "function" ? method(run, name, value) : value })
  }
  return Object.assign(promised, {
    evaluate: (asked?: object, more?: object) => {
      const { evalDataset, ...options } = join<Sets<A>>(asked, more, trainerClass.settings)
      const data = defined({ evalDataset })
      return run("evaluate", trainer.evaluate({ ...(options as G), ...data }))
    },
    predict: (testDataset: Rows<A>, options?: PredictOptions & G) => run("predict", trainer.predict(testDataset, options)),
    close,
    [Symbol.asyncDispose]: close
  }) as Trainer<A, G>
}

/** The platform's services, shared by the Trainers of a process: each set of them listens to the terminal. */
const platform = Layer.makeMemoMapUnsafe()

/** Runs a method; it is rejected with its typed errors, or with `TrainerClosed`. */
type Run = <B>(method: string, effect: Effect.Effect<B, unknown, HuggingFaceTrainer.Services | Scope.Scope>) => Promise<B>

const method =
  (run: Run, name: string, call: (...args: ReadonlyArray<never>) => unknown) =>
  (...args: ReadonlyArray<never>): unknown => {
    const result = call(...args)
    return Effect.isEffect(result) ? run(name, result as Effect.Effect<unknown>) : result
  }

const collator =
  <A>(collate: DataCollator<A>): Collator<A> =>
  (...batch) => {
    const given = collate(...batch)
    return Effect.isEffect(given) ? given : Effect.tryPromise({ try: async () => given, catch: collatorFailed })
  }
