/** What a model gave beside what is so: the two sides of a metric, checked and flat. */
import { Schema } from "effect"
import { LabelMismatch } from "../Model/Loss.ts"
import { type Outputs, take } from "../Model/Model.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"

/** Where a metric of classes finds what it compares. */
export interface Options {
  /** The name of the model's output; `logits` where it is left out. */
  readonly logits?: string
  /** The batch's field; `labels` where it is left out. */
  readonly labels?: string
  /** Labels that do not count; -100 where it is left out. */
  readonly ignoreIndex?: number
}

/** Where a metric of numbers finds what it compares. */
export interface NumberOptions {
  /** The name of the model's output; `logits` where it is left out. */
  readonly predictions?: string
  /** The batch's field; `labels` where it is left out. */
  readonly labels?: string
}

/** The model scores another number of classes than the metric names. */
export class ClassMismatch extends Schema.TaggedError<ClassMismatch>()("ClassMismatch", {
  by: Schema.String,
  classes: Schema.Number,
  logits: Schema.Array(Schema.Number)
}) {
  override get message() {
    return `The ${this.by} names ${this.classes} classes, but the model's logits are of shape [${this.logits}]. Name as many classes as the last axis has.`
  }
}

/**
 * Takes logits as rows of classes, and a label for each.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`; given `[rows, classes]`, `[rows]`.
 *
 * **Errors**: throws `MissingField`; `LabelMismatch`; `ClassMismatch` where the number of `classes` is given and is another.
 */
export const classes = (
  by: string,
  { outputs }: Outputs,
  batch: Tensors,
  { logits = "logits", labels = "labels" }: Options,
  wanted?: number
): { readonly scores: Tensor; readonly classes: Tensor } => {
  const scores = take(by, "outputs", outputs, logits)
  const truth = take(by, "batch", batch, labels)
  const width = scores.shape.at(-1) ?? 1
  if (wanted !== undefined && width !== wanted) throw new ClassMismatch({ by, classes: wanted, logits: scores.shape })
  if (scores.size !== truth.size * width) throw new LabelMismatch({ loss: by, predictions: scores.shape, labels: truth.shape })
  return { scores: tf.reshape(scores, [truth.size, width]), classes: tf.cast(tf.reshape(truth, [truth.size]), "int32") }
}

/**
 * Takes predictions and labels as two columns of float32.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`.
 */
export const numbers = (
  by: string,
  { outputs }: Outputs,
  batch: Tensors,
  { predictions = "logits", labels = "labels" }: NumberOptions
): { readonly predictions: Tensor; readonly labels: Tensor } => {
  const guess = take(by, "outputs", outputs, predictions)
  const truth = take(by, "batch", batch, labels)
  if (guess.size !== truth.size) throw new LabelMismatch({ loss: by, predictions: guess.shape, labels: truth.shape })
  const column = (tensor: Tensor) => tf.cast(tf.reshape(tensor, [tensor.size]), "float32")
  return { predictions: column(guess), labels: column(truth) }
}
