/** What callbacks get of the run: its parts, and its present weights to evaluate, predict and generate with. Nothing is copied unless it is used. */
import { Context, Effect, Predicate, type Scope } from "effect"
import type { Arguments } from "../Arguments/Arguments.ts"
import { isHostTensor } from "../Data/ColumnValue.ts"
import { DataError, type Dataset } from "../Data/Dataset.ts"
import type { Loader } from "../Data/Loader.ts"
import { defined } from "../Defined.ts"
import * as DeviceWeights from "../Evaluation/DeviceWeights.ts"
import * as Evaluation from "../Evaluation/Evaluation.ts"
import * as Generation from "../Evaluation/Generation.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import { Optimizer } from "../Layer/Optimizer.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformation } from "../Optimizer/Transformation.ts"
import type { Metrics } from "../Schedule/Event.ts"
import type { Plan } from "../Schedule/Plan.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Key } from "../Tensor/Key.ts"
import { tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import type { TrainerState } from "../TrainerState.ts"
import type { TaskConfig, TrainingTask } from "./TrainingTask.ts"

/**
 * The run at an event. The weights are those at the time that they are used: within a handler, those of the event.
 *
 * **Source**: what `TrainerCallback`'s handlers get by keyword: `args`, `model`, `processing_class`, `optimizer`, `lr_scheduler`, `train_dataloader`,
 * `eval_dataloader`.
 */
export interface CurrentRun extends Parts {
  /** The learning rate of the next update. */
  readonly learningRate: number
  /** Copies the parameters, the buffers and the optimizer's state (`slots`) to the host. */
  readonly weights: Effect.Effect<HostWeights, DeviceError>
  /**
   * Evaluates the run's evaluation sets, or other data under the prefix `set` (default `eval`): metrics, runtime and speeds. Nothing is logged, and no
   * callback is called.
   */
  readonly evaluate: (data?: EvaluationData, set?: string) => Effect.Effect<Metrics, Evaluation.EvaluationError>
  /** Predicts rows, the batches of a loader, or one batch; the metrics' prefix `set` defaults to `test`. */
  readonly predict: (data: EvaluationData, set?: string) => Effect.Effect<Evaluation.Predicted, Evaluation.EvaluationError>
  /** Generates texts from a batch of token ids, as `Generation.generate` does. */
  readonly generate: (
    batch: HostTensors,
    settings?: Generation.Input,
    key?: Key
  ) => Effect.Effect<Generation.Generated, Generation.GenerationError | DeviceError>
}

/** A loader or one batch; in a run of a program or a Trainer also rows, which its collator batches: a dataset, or an array. */
export type EvaluationData = Loader | HostTensors | Dataset<unknown> | ReadonlyArray<unknown>

/** Opens rows under the prefix of their metrics. */
export type OpenRows = (data: unknown, set: string) => Effect.Effect<Loader, DataError, Scope.Scope>

/** The parts of a run. */
export interface Parts {
  readonly model: Model
  /** Undefined for a run that was made without TrainingArguments. */
  readonly args: Arguments | undefined
  readonly tokenizer: Tokenizer | undefined
  readonly optimizer: Transformation
  /** Undefined outside of a training. */
  readonly trainDataloader: Loader | undefined
  /** By the prefix of their metrics: `eval`, or `eval_<name>` if there are several. */
  readonly evalDataloaders: Readonly<Record<string, Loader>>
}

/** Reads the weights of the moment. */
export interface WeightsSource {
  /** References on the device that live as long as the scope, whatever is updated meanwhile. */
  readonly onDevice: Effect.Effect<DeviceWeights.DeviceWeights, DeviceError, Device | Scope.Scope>
  /** A copy on the host. */
  readonly onHost: Effect.Effect<HostWeights, DeviceError>
}

/** Reads weights that an owner on the device replaces as it trains. A reference shares the data of its tensor. */
export const sourceOf = ({
  snapshot,
  weights
}: {
  readonly weights: Effect.Effect<DeviceWeights.DeviceWeights>
  readonly snapshot: WeightsSource["onHost"]
}): WeightsSource => ({
  onHost: snapshot,
  onDevice: Effect.gen(function* () {
    const device = yield* Device
    const { parameters, buffers } = yield* weights
    const referred = device.run("a reference to the weights", () => ({
      parameters: Tree.map(parameters, (tensor) => tf.clone(tensor)),
      buffers: Tree.map(buffers, (tensor) => tf.clone(tensor))
    }))
    return yield* Effect.acquireRelease(referred, ({ parameters, buffers }) =>
      Effect.andThen(device.dispose(parameters), device.dispose(buffers))
    )
  })
})

/** Reads host weights, which are copied to the device whenever they are used. */
export const hostSource = (weights: HostWeights): WeightsSource => ({
  onDevice: DeviceWeights.place(weights),
  onHost: Effect.succeed(weights)
})

export interface Options extends Omit<Parts, "model"> {
  readonly config: TaskConfig
  readonly openRows: OpenRows | undefined
  readonly weights: WeightsSource
  readonly learningRate: (state: TrainerState) => number
}

/** The views of a run at its states, over the weights of the moment. */
export interface Views {
  readonly at: (state: TrainerState) => CurrentRun
  readonly weights: WeightsSource
}

/** Makes the views of a run. */
export const make = Effect.fnUntraced(function* ({ config, learningRate, openRows, weights, ...parts }: Options) {
  const context = Context.pick(Device)(yield* Effect.context<Device>())
  const { model } = config
  const using = <A, E>(
    use: (weights: DeviceWeights.DeviceWeights) => Effect.Effect<A, E, Device | Scope.Scope>
  ): Effect.Effect<A, E | DeviceError> => Effect.provide(Effect.scoped(Effect.flatMap(weights.onDevice, use)), context)

  const methods: Pick<CurrentRun, "weights" | "evaluate" | "predict" | "generate"> = {
    weights: weights.onHost,
    evaluate: (data, set = "eval") =>
      using((weights) =>
        Effect.gen(function* () {
          const sets = data === undefined ? parts.evalDataloaders : { [set]: yield* loaderOf(data, set, openRows) }
          const all = yield* Effect.forEach(Object.entries(sets), ([set, loader]) =>
            Evaluation.evaluate({ ...config, weights, loader, set })
          )
          return Object.assign({}, ...all.map(({ clock, metrics }) => ({ ...metrics, ...clock })))
        })
      ),
    predict: (data, set = "test") =>
      using((weights) =>
        Effect.flatMap(loaderOf(data, set, openRows), (loader) => Evaluation.predictAll({ ...config, weights, loader, set }))
      ),
    generate: (batch, settings = {}, key) =>
      using((weights) =>
        Generation.isTransformer(model)
          ? Generation.generate({ model, weights, batch, settings, ...defined({ key }) })
          : Effect.fail(
              new Generation.InvalidGeneration({ field: "model", reason: "it is not a transformer that generates text." })
            )
      )
  }
  const at = (state: TrainerState): CurrentRun => ({
    ...parts,
    ...methods,
    model,
    get learningRate() {
      return learningRate(state)
    }
  })
  return { at, weights } satisfies Views
})

/** What the front end of a run adds for its callbacks. */
export interface FrontEnd {
  readonly args?: Arguments
  readonly tokenizer?: Tokenizer
  /** Opens rows that callbacks evaluate and predict. */
  readonly openRows?: OpenRows
}

/** Makes the views of a training, whose weights on the device have an owner. */
export const ofTraining = Effect.fnUntraced(function* (
  task: TrainingTask,
  plan: Plan,
  owner: Parameters<typeof sourceOf>[0],
  { args, openRows, tokenizer }: FrontEnd
) {
  return yield* make({
    config: task,
    weights: sourceOf(owner),
    args,
    tokenizer,
    openRows,
    optimizer: (yield* Optimizer).transformation,
    learningRate: (state) => plan.learningRate(state, plan.horizon),
    trainDataloader: task.train,
    evalDataloaders: task.evaluation
  })
})

/** Gives the loader of data. **Errors**: `DataError`. */
const loaderOf = (data: EvaluationData, set: string, openRows: OpenRows | undefined) => {
  if (isLoader(data)) return Effect.succeed(data)
  if (isBatch(data)) return Effect.succeed(ofBatch(data))
  return openRows === undefined
    ? Effect.fail(new DataError({ row: null, column: null, reason: rowsWithoutCollator }))
    : openRows(data, set)
}

const rowsWithoutCollator =
  "Expected a loader or a batch of tensors. Make a loader of rows with Loader.make({ dataset: Dataset.fromArray(rows), batchSize: 8 })."

const isLoader = (data: unknown): data is Loader => Predicate.hasProperty(data, "batch") && typeof data.batch === "function"

const isBatch = (data: unknown): data is HostTensors =>
  Predicate.isReadonlyObject(data) && Object.values(data).length > 0 && Object.values(data).every(isHostTensor)

/** A loader of one batch. */
const ofBatch = (tensors: HostTensors): Loader => {
  const rows = Object.values(tensors)[0]!.shape[0] ?? 0
  return {
    batchesPerEpoch: 1,
    size: rows,
    batch: (_, index) => Effect.succeed(index === 0 ? { tensors, rows } : undefined)
  }
}
