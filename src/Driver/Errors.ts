/** What can go wrong in a run beyond its services: one error a cause, each saying what to do. */
import { Schema } from "effect"
import type { WrongBaseModel } from "../Checkpoint/BaseModelFingerprint.ts"
import type { CheckpointError, StoreLocked } from "../Checkpoint/CheckpointStore.ts"
import type { WrongCheckpoint } from "../Checkpoint/ShapeCheck.ts"
import type { DataError } from "../Data/Dataset.ts"
import type { EvaluationError } from "../Evaluation/Evaluation.ts"
import type { DeviceError } from "../Layer/Device/Device.ts"
import type { KernelMissing } from "../Layer/Device/KernelCheck.ts"
import type { FunctionFailed, MissingField, ModelFailed, NoLoss } from "../Model/Model.ts"
import type { PlanFailed, Stalled } from "../Schedule/Plan.ts"
import * as KernelTrace from "../Tensor/KernelTrace.ts"
import type { CallbackFailed } from "./CallbackEvent.ts"
import type { NotResumable } from "./ResumeFrom.ts"

/** The loss or the gradient of an update is NaN or infinite. */
export class NonFiniteLoss extends Schema.TaggedError<NonFiniteLoss>()("NonFiniteLoss", {
  step: Schema.Number,
  loss: Schema.Number,
  gradNorm: Schema.Number
}) {
  override get message() {
    const what = Number.isFinite(this.loss) ? `gradient norm is ${this.gradNorm}` : `training loss is ${this.loss}`
    return `The ${what} at or before step ${this.step}. Lower the learning rate, clip gradients (max_grad_norm), or look for bad values in the data. Nothing was saved since; the last checkpoint is untouched.`
  }
}

/** The first tensor of an update that holds a NaN or an infinity, where every tensor is looked at. */
export class NonFiniteTensor extends Schema.TaggedError<NonFiniteTensor>()("NonFiniteTensor", {
  step: Schema.Number,
  /** The kernel that gave it; left out where it was there before any kernel ran. */
  kernel: Schema.optionalKey(Schema.String),
  /** What ran last, oldest first. */
  frames: Schema.Array(KernelTrace.Frame),
  /** Tensors that hold such numbers, by name: `batch 1.x`, `parameters.lin.weight`, `gradients.lin.weight`. */
  tensors: Schema.Array(Schema.String)
}) {
  override get message() {
    const { frames, kernel, step, tensors } = this
    const listed = tensors.length > shown ? [...tensors.slice(0, shown), `${tensors.length - shown} more`] : tensors
    if (kernel === undefined)
      return `NaN or infinite before step ${step}: ${listed.join(", ")}. Look for bad values in the data, or in the checkpoint.`
    const others = tensors.length === 0 ? "" : `\nNaN or infinite after it: ${listed.join(", ")}`
    return `The kernel ${kernel} gave NaN or infinity in step ${step}. Lower the learning rate, clip gradients (max_grad_norm), or look for bad values in the data. The last kernels, oldest first:\n${KernelTrace.render(frames)}${others}`
  }
}

/** Tensors that a message lists. */
const shown = 12

/** The task, the plan and the model do not fit together; found before step 0. */
export class InvalidTask extends Schema.TaggedError<InvalidTask>()("InvalidTask", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** A micro-batch does not fit into the device's memory, and `auto_find_batch_size` can try no smaller one. */
export class BatchTooLarge extends Schema.TaggedError<BatchTooLarge>()("BatchTooLarge", {
  /** **Unit**: rows in a micro-batch. */
  rows: Schema.Number,
  device: Schema.String,
  during: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    const [batch, advice] =
      this.rows === 1
        ? ["one row", "Use shorter rows, a smaller model, or a device with more memory."]
        : [
            `${this.rows} rows`,
            "A smaller one is looked for before the first update only: start anew with a lower per_device_train_batch_size."
          ]
    return `A micro-batch of ${batch} does not fit into the memory of device ${this.device}. ${advice} In ${this.during}: ${this.reason}`
  }
}

/** An observer threw, died, or requested what does not exist. */
export class ObserverFailed extends Schema.TaggedError<ObserverFailed>()("ObserverFailed", {
  /** The tag of the event that it was asked about. */
  event: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The observer of ${this.event} failed: ${this.reason}`
  }
}

/** A loader threw or died, instead of failing with a `DataError`. */
export class LoaderFailed extends Schema.TaggedError<LoaderFailed>()("LoaderFailed", {
  /** Which data it was to read. */
  epoch: Schema.Number,
  batch: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `The loader of the training data failed at micro-batch ${this.batch} of epoch ${this.epoch}: ${this.reason}`
  }
}

/** A metric, a loader or another function of an evaluation threw or died. */
export class EvaluationFailed extends Schema.TaggedError<EvaluationFailed>()("EvaluationFailed", {
  set: Schema.String,
  step: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `The evaluation of "${this.set}" after step ${this.step} failed: ${this.reason}`
  }
}

/** The events of a run have a reader already. */
export class EventsInUse extends Schema.TaggedError<EventsInUse>()("EventsInUse", {}) {
  override get message() {
    return "The events of this run are being read by another reader. A run has one at a time; share its events with Stream.broadcast."
  }
}

/** The scope of the run has closed. */
export class RunClosed extends Schema.TaggedError<RunClosed>()("RunClosed", {}) {
  override get message() {
    return "The run is closed: its scope has ended, and its state was saved. Start another run to resume from it."
  }
}

/** The model and the batches do not fit together; found before step 0. */
export type Misfit = MissingField | NoLoss | FunctionFailed | ModelFailed

/** Everything that can end a run early, beside the errors of its observers. */
export type RunError =
  | CheckpointError
  | StoreLocked
  | WrongCheckpoint
  | WrongBaseModel
  | DataError
  | DeviceError
  | EvaluationError
  | KernelMissing
  | NotResumable
  | Stalled
  | NonFiniteLoss
  | NonFiniteTensor
  | InvalidTask
  | CallbackFailed
  | BatchTooLarge
  | PlanFailed
  | ObserverFailed
  | LoaderFailed
  | EvaluationFailed
  | EventsInUse
  | RunClosed
  | Misfit
