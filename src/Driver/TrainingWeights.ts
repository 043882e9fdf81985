/** Owns a run's weights on the device: one cell, updated step by step, read at a log or a save, freed with the scope. */
import { Effect, identity, Result } from "effect"
import * as BaseModelFingerprint from "../Checkpoint/BaseModelFingerprint.ts"
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import * as ShapeCheck from "../Checkpoint/ShapeCheck.ts"
import * as BatchDifference from "../Data/BatchDifference.ts"
import type { DataError } from "../Data/Dataset.ts"
import * as LabelError from "../Data/LabelError.ts"
import type { Batch } from "../Data/Loader.ts"
import { messageOf } from "../ErrorMessage.ts"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import { Optimizer } from "../Layer/Optimizer.ts"
import { type FieldRange, recorded } from "../Model/LabelRange.ts"
import { check, type FunctionFailed, type Model } from "../Model/Model.ts"
import * as UserFunction from "../Model/UserFunction.ts"
import * as Finite from "../Step/Finite.ts"
import * as NanTrace from "../Step/NanTrace.ts"
import * as Step from "../Step/Step.ts"
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { HostWeights, Weights } from "../Tensor/Weights.ts"
import type { LastUpdate, TrainerState } from "../TrainerState.ts"
import { InvalidTask, type Misfit, NonFiniteTensor } from "./Errors.ts"
import type * as NonFinite from "./NonFinite.ts"
import type { StartingWeights } from "./RunOptions.ts"
import type { TrainingTask } from "./TrainingTask.ts"

/** What was measured since the last log. **Unit**: nats; of the last update, its rate and the L2 norm of its gradients before clipping. */
export interface Running extends LastUpdate {
  readonly loss: number
  /** Updates with a loss or gradient norm that is NaN or infinite. Not counted where the run fails at the first. */
  readonly nonFiniteUpdates: number
}

export interface TrainingWeights {
  /** The present weights; this frees them. */
  readonly weights: Effect.Effect<Weights>
  /** Makes one update from micro-batches. It happens whole or not at all: a step that fails leaves the weights as they were. */
  readonly update: (
    state: TrainerState,
    learningRate: number,
    batches: ReadonlyArray<Batch>
  ) => Effect.Effect<void, DataError | DeviceError | FunctionFailed | NonFiniteTensor>
  /** Makes an update and throws its result away: finds what would fail, before step 0. Returns the range of the labels that a loss checked. */
  readonly dryRun: (batch: Batch) => Effect.Effect<ReadonlyArray<FieldRange>, DataError | DeviceError | NonFiniteTensor | Misfit>
  readonly running: Effect.Effect<Running, DeviceError>
  /** Starts a new sum of losses, after a log. */
  readonly reset: Effect.Effect<void, DeviceError>
  readonly snapshot: Effect.Effect<HostWeights, DeviceError>
  /** Copies what a checkpoint holds to the host: all weights, or those of an adapter. */
  readonly checkpoint: Effect.Effect<Pick<Checkpoint, "weights" | "adapter">, DeviceError>
  /** Puts other parameters and buffers in place (the best ones, at the end). */
  readonly restore: (weights: HostWeights) => Effect.Effect<void, DeviceError>
}

/** Opens the weights in a scope, from host weights or, without them, from the model's initial ones. */
export const make = Effect.fnUntraced(function* (
  task: TrainingTask,
  from: {
    readonly state: TrainerState
    /** Those of a checkpoint, with the optimizer's slots. */
    readonly weights?: HostWeights
    /** Those to begin with instead of the model's own. */
    readonly initial?: StartingWeights["weights"]
  } & Pick<Checkpoint, "adapter">,
  options: { readonly nonFinite?: NonFinite.Policy; readonly traceNonFinite?: boolean } = {}
) {
  const { nonFinite = "fail", traceNonFinite = false } = options
  const device = yield* Device
  const { transformation } = yield* Optimizer
  const root = Key.make(task.seed)
  const stepsKey = Key.fold(root, "step")
  const how: Step.Options = {
    model: task.model,
    optimizer: transformation,
    reduction: task.reduction,
    maxGradNorm: task.maxGradNorm,
    trainable: task.trainable,
    skipNonFinite: nonFinite === "skip"
  }
  const plain = device.compile(Step.make(how))
  const step = traceNonFinite ? NanTrace.make(how) : (input: Step.Input) => Result.succeed(plain(input))

  let cell: { readonly weights: Weights; readonly running: Tensors } = {
    weights: { parameters: {}, buffers: {}, slots: {} },
    running: {}
  }
  let rate = from.state.lastUpdate.learningRate
  const saved = task.model.savedParameters
  let base = "" // the fingerprint of the parameters that checkpoints leave out
  let first: BatchDifference.Fields | undefined // of the batch that the dry run accepted
  const free = ({ parameters, buffers, slots }: Weights, running: Tensors) =>
    device.dispose([parameters, buffers, slots, running].flatMap((tensors) => Object.values(tensors)))
  yield* Effect.addFinalizer(() => free(cell.weights, cell.running))

  /** Puts the weights in the cell group by group, so that the finalizer frees what a failure leaves. */
  const begin = Effect.gen(function* () {
    const first = yield* startingWeights(task.model, root, from.initial)
    const step = from.state.step
    if (saved !== undefined) {
      const other = Object.keys(first.parameters).find((path) => task.trainable(path) && !saved(path))
      if (other !== undefined)
        return yield* new InvalidTask({
          reason: `${other} is trained, and checkpoints hold the adapter alone. Name its module in modulesToSave, or set wholeWeights in the adapter's settings.`
        })
      base = BaseModelFingerprint.fingerprint(Tree.filter(first.parameters, (path) => !saved(path)))
    }
    const buffers = from.weights?.buffers ?? first.buffers
    const isPartial = from.adapter !== undefined && saved !== undefined
    const expected = isPartial ? Tree.filter(first.parameters, saved) : first.parameters
    yield* ShapeCheck.check({ step, group: "parameters", expected, found: from.weights?.parameters ?? first.parameters })
    if (isPartial && from.adapter.base !== base)
      return yield* new BaseModelFingerprint.WrongBaseModel({ step, expected: from.adapter.base, found: base })
    const found = { ...first.parameters, ...from.weights?.parameters }
    yield* ShapeCheck.check({ step, group: "buffers", expected: first.buffers, found: buffers })
    const hold = (weights: Partial<Weights>, running: Tensors = cell.running) => {
      cell = { weights: { ...cell.weights, ...weights }, running }
    }
    hold({ parameters: yield* device.put(inOrder(found, first.parameters)) })
    hold({ buffers: yield* device.put(inOrder(buffers, first.buffers)) })
    const trained = Tree.filter(cell.weights.parameters, task.trainable)
    hold({ slots: yield* device.run("making the optimizer's slots", () => transformation.init(trained)) })
    if (from.weights !== undefined) {
      yield* ShapeCheck.check({ step, group: "slots", expected: cell.weights.slots, found: from.weights.slots })
      const fresh = cell.weights.slots
      yield* device.dispose(fresh)
      hold({ slots: {} })
      hold({ slots: yield* device.put(inOrder(from.weights.slots, fresh)) })
    }
    const { losses, lastUpdate } = from.state
    const counted = nonFinite === "fail" ? {} : { nonFiniteUpdates: HostTensor.scalar(0) }
    const figures = { loss: HostTensor.scalar(losses.sinceLog), gradNorm: HostTensor.scalar(lastUpdate.gradNorm) }
    hold({}, yield* device.put({ ...figures, ...counted }))
  })
  yield* Effect.uninterruptible(begin)

  const take = (during: string, state: TrainerState, learningRate: number, batches: ReadonlyArray<Batch>) => {
    const { weights, running } = cell
    const stepKey = Key.fold(stepsKey, state.step)
    const keys = batches.map((_, microbatch) => Key.fold(stepKey, microbatch))
    const figures = transformation.scalars({ step: state.step, learningRate })
    const updated = device.run(during, () => {
      const taken = UserFunction.toResult(() =>
        step({
          weights,
          keys,
          batches: batches.map((batch) => HostTensor.toDevice(batch.tensors)),
          scalars: Tree.map(figures, (value) => tf.scalar(value))
        })
      )
      // The tidy walks what is returned, which is slow for an instance of a class such as Result.
      return Result.match(Result.flatMap(taken, identity), {
        onSuccess: (output) => ({ weights: output.weights, running: add(running, output, state) }),
        onFailure: (failure) => ({ failure })
      })
    })
    const named = (failure: NanTrace.Finding | FunctionFailed | DataError) =>
      "_tag" in failure ? failure : new NonFiniteTensor({ step: state.step + 1, ...failure })
    const blamed =
      first === undefined ? updated : Effect.mapError(updated, (error) => BatchDifference.blame(error, first!, batches))
    return Effect.flatMap(blamed, (updated) =>
      "failure" in updated
        ? Effect.fromResult(Result.mapError(LabelError.typed(Result.fail(updated.failure), batches), named))
        : Effect.succeed(updated)
    )
  }

  /**
   * Adds an update's figures to those since the last log. **Source**: a loss that is left out counts as the mean of the losses so far, divided by one
   * more, as in the Trainer: `tr_loss / (1 + global_step - last_logged)`.
   */
  const add = (running: Tensors, { loss, gradNorm }: Step.Output, state: TrainerState): Tensors => {
    const sum = tf.add(running.loss!, loss)
    if (nonFinite === "fail") return { loss: sum, gradNorm }
    const nonFiniteUpdates = tf.sub(tf.add(running.nonFiniteUpdates!, 1), tf.cast(Finite.all(loss, gradNorm), "float32"))
    if (nonFinite === "continue") return { loss: sum, gradNorm, nonFiniteUpdates }
    const instead = tf.mul(running.loss!, 1 + 1 / (1 + state.step - state.loggedAt))
    return { loss: tf.where(Finite.all(loss), sum, instead), gradNorm, nonFiniteUpdates }
  }

  return {
    weights: Effect.sync(() => cell.weights),
    update: (state, learningRate, batches) =>
      Effect.uninterruptible(
        Effect.flatMap(take(`step ${state.step + 1}`, state, learningRate, batches), (next) => {
          const old = cell
          cell = next
          rate = learningRate
          return free(old.weights, old.running)
        })
      ),
    dryRun: Effect.fnUntraced(function* (batch) {
      const { parameters, buffers } = cell.weights
      const key = Key.fold(root, "dry run")
      const [checked, ranges] = yield* device.run("the dry run of step 1", () =>
        recorded(batch.tensors, () => check(task.model, { parameters, buffers, key, batch: HostTensor.toDevice(batch.tensors) }))
      )
      yield* Effect.fromResult(LabelError.typed(checked, [batch]))
      const next = yield* take("the dry run of step 1", from.state, 0, [batch])
      yield* free(next.weights, next.running)
      first = BatchDifference.fieldsOf(batch.tensors)
      return ranges
    }),
    running: Effect.suspend(() =>
      Effect.map(device.read(cell.running), ({ loss, gradNorm, nonFiniteUpdates }) => ({
        loss: loss!.data[0]!,
        gradNorm: gradNorm!.data[0]!,
        nonFiniteUpdates: nonFiniteUpdates?.data[0] ?? 0,
        learningRate: rate
      }))
    ),
    reset: Effect.suspend(() =>
      Effect.flatMap(
        device.run("a log", () =>
          Tree.map(
            Tree.filter(cell.running, (name) => name !== "gradNorm"),
            () => tf.scalar(0)
          )
        ),
        (zeros) => {
          const { weights, running } = cell
          cell = { weights, running: { ...running, ...zeros } }
          return device.dispose(Tree.pick(running, Object.keys(zeros)))
        }
      )
    ),
    snapshot: Effect.suspend(() => {
      const { parameters, buffers, slots } = cell.weights
      return Effect.all({ parameters: device.read(parameters), buffers: device.read(buffers), slots: device.read(slots) })
    }),
    checkpoint: Effect.suspend(() => {
      const { parameters, buffers, slots } = cell.weights
      const stored = saved === undefined ? parameters : Tree.filter(parameters, saved)
      const read = Effect.all({ parameters: device.read(stored), buffers: device.read(buffers), slots: device.read(slots) })
      return Effect.map(read, (weights) => (saved === undefined ? { weights } : { weights, adapter: { base } }))
    }),
    restore: (host) =>
      Effect.gen(function* () {
        const { weights, running } = cell
        // of an adapter's checkpoint, the parameters that are missing stay as they are: they are not trained
        const replaced = Tree.filter(weights.parameters, (path) => path in host.parameters)
        const fresh = yield* Effect.all({
          parameters: device.put(inOrder(host.parameters, replaced)),
          buffers: device.put(inOrder(host.buffers, weights.buffers))
        })
        cell = {
          weights: { ...fresh, parameters: { ...weights.parameters, ...fresh.parameters }, slots: weights.slots },
          running
        }
        yield* free({ parameters: replaced, buffers: weights.buffers, slots: {} }, {})
      }).pipe(Effect.uninterruptible)
  } satisfies TrainingWeights
})

/** The weights to begin with: the given ones, which must be of the model, or the model's own. */
const startingWeights = Effect.fnUntraced(function* (model: Model, root: Key.Key, given: StartingWeights["weights"] | undefined) {
  const own = yield* initialWeights(model, root)
  if (given === undefined) return own
  const { buffers = own.buffers, parameters } = given
  yield* ShapeCheck.check({ step: null, group: "parameters", expected: own.parameters, found: parameters })
  yield* ShapeCheck.check({ step: null, group: "buffers", expected: own.buffers, found: buffers })
  return { parameters, buffers }
})

/** The model's own initial weights. **Errors**: `InvalidTask` with what the model threw. */
export const initialWeights = (model: Model, root: Key.Key) =>
  Effect.try({
    try: () => ({
      parameters: model.init(Key.fold(root, "parameters")),
      buffers: model.buffers?.(Key.fold(root, "buffers")) ?? {}
    }),
    catch: (cause) => new InvalidTask({ reason: `The model's init failed: ${messageOf(cause)}` })
  })

/** Adds to the weights of an adapter's checkpoint the model's own others; other weights stay as they are. */
export const completed = ({ model, seed }: Pick<TrainingTask, "model" | "seed">, weights: HostWeights) =>
  model.savedParameters === undefined
    ? Effect.succeed(weights)
    : Effect.map(initialWeights(model, Key.make(seed)), ({ parameters }) => ({
        ...weights,
        parameters: { ...parameters, ...weights.parameters }
      }))

/** Takes tensors in the model's own order: a file has another, and sums over tensors (the gradients' norm) round by it. */
const inOrder = (tensors: HostTensor.HostTensors, order: Readonly<Record<string, unknown>>): HostTensor.HostTensors =>
  Tree.pick(tensors, Object.keys(order))
