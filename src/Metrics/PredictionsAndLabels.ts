/** The predictions and labels of a metric, checked and flattened. */
import { Schema } from "effect"
import { LabelMismatch } from "../Model/Loss.ts"
import { type Outputs, take } from "../Model/Model.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"

/** The output and the field that a metric of classes compares. */
export interface Options {
  /** The name of the model's output. Default: `logits`. */
  readonly logits?: string
  /** The batch's field. Default: `labels`. */
  readonly labels?: string
  /** The label that is ignored. Default: -100. */
  readonly ignoreIndex?: number
}

/** The output and the field that a metric of numbers compares. */
export interface NumberOptions {
  /** The name of the model's output. Default: `logits`. */
  readonly predictions?: string
  /** The batch's field. Default: `labels`. */
  readonly labels?: string
}

/** The number of classes of the logits is not that of the metric. */
export class ClassMismatch extends Schema.TaggedError<ClassMismatch>()("ClassMismatch", {
  by: Schema.String,
  classes: Schema.Number,
  logits: Schema.Array(Schema.Number)
}) {
  override get message() {
    return `Expected logits with a last axis of ${this.classes} classes for ${this.by}; their shape is [${this.logits}]. Give the metric the names of as many classes.`
  }
}

/**
 * Flattens logits to rows of classes, and labels to one for each row.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`; returns `[rows, classes]`, `[rows]`.
 *
 * **Errors**: throws `MissingField`; `LabelMismatch`; `ClassMismatch` for another number of classes than `wanted`.
 */
export const classes = (
  by: string,
  { outputs }: Outputs,
  batch: Tensors,
  { logits = "logits", labels = "labels" }: Options,
  wanted?: number
): { readonly scores: Tensor; readonly classes: Tensor } => {
  const scores = take(by, "outputs", outputs, logits)
  const expected = take(by, "batch", batch, labels)
  const width = scores.shape.at(-1) ?? 1
  if (wanted !== undefined && width !== wanted) throw new ClassMismatch({ by, classes: wanted, logits: scores.shape })
  if (scores.size !== expected.size * width)
    throw new LabelMismatch({ loss: by, predictions: scores.shape, labels: expected.shape })
  return { scores: tf.reshape(scores, [expected.size, width]), classes: tf.cast(tf.reshape(expected, [expected.size]), "int32") }
}

/**
 * Flattens predictions and labels to two columns of float32.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 */
export const numbers = (
  by: string,
  { outputs }: Outputs,
  batch: Tensors,
  { predictions = "logits", labels = "labels" }: NumberOptions
): { readonly predictions: Tensor; readonly labels: Tensor } => {
  const predicted = take(by, "outputs", outputs, predictions)
  const expected = take(by, "batch", batch, labels)
  if (predicted.size !== expected.size)
    throw new LabelMismatch({ loss: by, predictions: predicted.shape, labels: expected.shape })
  const column = (tensor: Tensor) => tf.cast(tf.reshape(tensor, [tensor.size]), "float32")
  return { predictions: column(predicted), labels: column(expected) }
}
