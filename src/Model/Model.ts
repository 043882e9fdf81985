/** A model: its initial weights, and a pure function from weights and a batch to outputs. */
import { Result, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Key } from "../Tensor/Key.ts"
import { isOutOfMemory } from "../Tensor/OutOfMemory.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import type { Estimate } from "./FloatingPointOps.ts"
import { LabelOutOfRange } from "./LabelRange.ts"

export interface Context {
  /** True while training: dropout is active, batch statistics are used. */
  readonly training: boolean
  /** The key of this micro-batch; fold a site's number or name into it (`Key.fold(context.key, "dropout.1")`). */
  readonly key: Key
  readonly buffers: Tensors
  /** Changes the embeddings of the model's input (`Neftune`); `Embedding.apply` does so where it is given the context. */
  readonly perturb?: (embedded: Tensor) => Tensor
}

/** A loss before it is averaged. **Shapes**: both scalars. **Unit**: nats (or squared target units), and what they are summed over. */
export interface Loss {
  readonly sum: Tensor
  readonly count: Tensor
  /** What the Hugging Face Trainer divides by, where that is not `count`: GPT-2's labels, counted before the shift. Scalar. */
  readonly items?: Tensor
}

export interface Outputs {
  /** There when the batch has labels. */
  readonly loss?: Loss
  /** Named outputs; `logits` is what metrics look at by convention. */
  readonly outputs: Tensors
  /** Buffers that this batch changed (batch-norm statistics). */
  readonly buffers?: Tensors
}

export interface Model {
  /** The batch's fields that it takes, where they are known; the others can be left out. */
  readonly inputs?: ReadonlyArray<string>
  /** The batch's fields that are labels, where they are known. */
  readonly labels?: ReadonlyArray<string>
  /** True where the logits at a place predict the label one place on. */
  readonly predictsNext?: boolean
  /** Returns what is wrong with a batch on the host. Called for every batch before it is copied to the device. */
  readonly validate?: (batch: HostTensors) => Fault | undefined
  /** The field whose elements are the tokens that a run counts. Default: `input_ids`. */
  readonly mainInput?: string
  /** What fills up the main input, where a batch has no `attention_mask` to say so. */
  readonly padTokenId?: number
  /** The cost of training on a batch. Default: 0. **Unit**: floating-point operations, forward and backward. */
  readonly floatingPointOps?: Estimate
  /** Which parameters are trained by default, by path. Default: all. */
  readonly trainable?: (path: string) => boolean
  /**
   * Which parameters checkpoints and `saveModel` hold, by path, where that is an adapter in PEFT's form; all by default. The others are never trained: a run
   * that is resumed takes them from `init`.
   */
  readonly savedParameters?: (path: string) => boolean
  /** Which of its dense weights are stored as `[inputs, outputs]`, by path; the others are `[outputs, inputs]`. */
  readonly fanInFanOut?: (path: string) => boolean
  /** What belongs beside its weights on a disk, by the file's name: its config. */
  readonly files?: Readonly<Record<string, string>>
  readonly init: (key: Key) => HostTensors
  readonly buffers?: (key: Key) => HostTensors
  readonly apply: (parameters: Tensors, batch: Tensors, context: Context) => Outputs
}

/** Selects the parameters that are trained, by path: the given ones, by default the model's own, or all. */
export const trainableOf = (
  model: Pick<Model, "trainable">,
  trainable: ((path: string) => boolean) | undefined
): ((path: string) => boolean) => trainable ?? model.trainable ?? (() => true)

/** What is wrong with a batch. */
export interface Fault {
  /** A place in the batch. */
  readonly row: number
  readonly field: string
  readonly reason: string
}

/** Something was looked for under a name that is not there. */
export class MissingField extends Schema.TaggedError<MissingField>()("MissingField", {
  by: Schema.String,
  among: Schema.Literals(["batch", "parameters", "outputs", "buffers"]),
  field: Schema.String,
  there: Schema.Array(Schema.String)
}) {
  override get message() {
    const shown = this.there.slice(0, 12)
    const list = `${shown.join(", ")}${this.there.length > shown.length ? `, and ${this.there.length - shown.length} more` : ""}`
    return `The ${this.by} looks for "${this.field}" in the ${this.among}, which ${this.among === "batch" ? "has" : "have"} ${list === "" ? "nothing" : list}.`
  }
}

/** A batch that is trained on gave no loss. */
export class NoLoss extends Schema.TaggedError<NoLoss>()("NoLoss", { fields: Schema.Array(Schema.String) }) {
  override get message() {
    return `The model gives no loss for a batch of ${this.fields.join(", ")}. Its labels must be among them, under the name that the model looks for.`
  }
}

/** The model's own code failed. */
export class ModelFailed extends Schema.TaggedError<ModelFailed>()("ModelFailed", {
  reason: Schema.String,
  shapes: Schema.Record(Schema.String, Schema.String)
}) {
  override get message() {
    const batch = Object.entries(this.shapes).map(([field, shape]) => `${field} ${shape}`)
    return `The model fails on a batch of ${batch.join(", ")}: ${this.reason}`
  }
}

/** A function that the user gave (`computeLoss`, `preprocessLogitsForMetrics`) failed where the model runs. */
export class FunctionFailed extends Schema.TaggedError<FunctionFailed>()("FunctionFailed", {
  function: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.function} failed: ${this.reason}`
  }
}

/**
 * Makes a model from named fields: the inputs reach `forward`, and where all labels are there too, `loss`.
 *
 * **Errors**: the model's `apply` throws `MissingField` when an input is not in the batch.
 *
 * @example
 * ```ts
 * import { Model } from "regimen"
 * import { Dense, Key, Loss, Parameters } from "regimen/nn"
 * import assert from "node:assert/strict"
 *
 * const line = Model.make({
 *   inputs: ["x"],
 *   labels: ["y"],
 *   init: Parameters.make({ lin: Dense.init({ inputs: 2, outputs: 1 }) }),
 *   forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
 *   loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
 * })
 * assert.deepEqual(Object.keys(line.init(Key.make(1))), ["lin.weight", "lin.bias"])
 * ```
 */
export const make = <const Input extends string, Out extends Tensors, const Label extends string = never>(options: {
  readonly inputs: ReadonlyArray<Input>
  readonly labels?: ReadonlyArray<Label>
  readonly init: (key: Key) => HostTensors
  readonly forward: (parameters: Tensors, batch: Readonly<Record<Input, Tensor>>, context: Context) => Out
  readonly loss?: (outputs: Out, batch: Readonly<Record<Input | Label, Tensor>>) => Loss
}): Model => ({
  inputs: options.inputs,
  labels: options.labels ?? [],
  init: options.init,
  apply: (parameters, batch, context) => {
    const inputs = fields(batch, options.inputs)
    const outputs = options.forward(parameters, inputs, context)
    const labels = options.labels ?? []
    if (options.loss === undefined || !labels.every((label) => label in batch)) return { outputs }
    return { outputs, loss: options.loss(outputs, { ...inputs, ...fields(batch, labels) }) }
  }
})

/** Takes a parameter by its path. **Errors**: throws `MissingField`. */
export const parameter = (parameters: Tensors, path: string): Tensor => take("model", "parameters", parameters, path)

/** Takes a tensor by its name, on behalf of `by`. **Errors**: throws `MissingField`, which says what is there. */
export const take = (by: string, among: MissingField["among"], tensors: Tensors, field: string): Tensor => {
  const tensor = tensors[field]
  if (tensor === undefined) throw new MissingField({ by, among, field, there: Object.keys(tensors) })
  return tensor
}

/**
 * Runs the model on a batch as in training and throws the result away: finds what would fail before step 0, and says why. Runs on the device; leaks nothing.
 *
 * **Errors**: `MissingField` for a field or parameter that the model read before it failed and that is not there, `NoLoss`, `FunctionFailed` for
 * a function that was put around it, `ModelFailed` for the rest.
 */
export const check = (
  model: Model,
  { parameters, buffers, batch, key }: { parameters: Tensors; buffers: Tensors; batch: Tensors; key: Key }
): Result.Result<void, MissingField | NoLoss | FunctionFailed | LabelOutOfRange | ModelFailed> => {
  const absent: Array<MissingField> = []
  const watched = (among: MissingField["among"], tensors: Tensors): Tensors =>
    new Proxy(tensors, {
      get: (target, field) => {
        if (typeof field === "string" && !(field in target))
          absent.push(new MissingField({ by: "model", among, field, there: Object.keys(target) }))
        return Reflect.get(target, field)
      }
    })
  const fail = (cause: unknown): MissingField | FunctionFailed | LabelOutOfRange | ModelFailed => {
    if (cause instanceof MissingField || cause instanceof LabelOutOfRange) return cause
    const own = cause instanceof FunctionFailed ? cause : undefined
    const reason = messageOf(cause)
    const shapes = Object.fromEntries(Object.entries(batch).map(([field, tensor]) => [field, `[${tensor.shape}]`]))
    // A field that may be absent is read too: one is to blame where the failure is about something that is not there.
    const missing = /undefined|null/.test(reason) ? absent.at(-1) : undefined
    if (missing === undefined) return own ?? new ModelFailed({ reason, shapes })
    return own === undefined ? missing : new MissingField({ ...missing, by: own.function })
  }
  let gaveLoss = false
  try {
    tf.tidy(() => {
      const context = { training: true, key, buffers: watched("buffers", buffers) }
      gaveLoss = model.apply(watched("parameters", parameters), watched("batch", batch), context).loss !== undefined
    })
  } catch (cause) {
    if (isOutOfMemory(cause)) throw cause // the device's failure, not the model's
    return Result.fail(fail(cause))
  }
  return gaveLoss ? Result.succeed(undefined) : Result.fail(new NoLoss({ fields: Object.keys(batch) }))
}

const fields = <Field extends string>(batch: Tensors, names: ReadonlyArray<Field>): Record<Field, Tensor> =>
  Object.fromEntries(names.map((name) => [name, take("model", "batch", batch, name)])) as Record<Field, Tensor>
