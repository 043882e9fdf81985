/** Predicted and reference sequences of ids, which metrics of text and of generated tokens compare on the host. */
import { Schema } from "effect"
import { take } from "../Model/Model.ts"
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import type { Metric } from "./Metric.ts"

export type Ids = ReadonlyArray<number>

export interface Options {
  /** The name of the model's output. Default: `sequences`, the generated ids, in an evaluation that generates (`predict_with_generate`), otherwise `logits`. */
  readonly predictions?: string
  /** The batch's field. Default: `labels`. */
  readonly labels?: string
  /** An id that is removed from both sides. Default: -100. */
  readonly ignoreIndex?: number
  /** More ids to remove from both sides, such as padding and the start token. */
  readonly skip?: ReadonlyArray<number>
  /** The id that ends a sequence: it and all ids after it are removed. */
  readonly end?: number
}

export interface TextOptions extends Options {
  /** Decodes ids to text, as the tokenizer does. */
  readonly decode: (ids: Ids) => string
}

/** The shapes of the model's output and of the labels are not those of sequences of the same rows. */
export class SequenceMismatch extends Schema.TaggedError<SequenceMismatch>()("SequenceMismatch", {
  by: Schema.String,
  predictions: Schema.Array(Schema.Number),
  labels: Schema.Array(Schema.Number)
}) {
  override get message() {
    return `Expected labels [rows, length], and predictions [rows, length] or logits [rows, length, classes] for ${this.by}; labels have shape [${this.labels}] and predictions [${this.predictions}].`
  }
}

/**
 * Makes a metric from what each pair of sequences adds to the state. Only ids are copied to the host, no logits.
 *
 * **Shapes**: predictions `[rows, length]` of ids, or logits `[rows, length, classes]` whose argmax is taken; labels `[rows, length]`. The lengths may differ.
 *
 * **Errors**: throws `MissingField`, `SequenceMismatch`.
 */
export const make = <S>(
  by: string,
  { predictions, labels = "labels", ignoreIndex = -100, skip = [], end }: Options,
  metric: Pick<Metric<S>, "names" | "empty" | "combine" | "finish"> & { readonly score: (prediction: Ids, reference: Ids) => S }
): Metric<S> => {
  const skipped = new Set([ignoreIndex, ...skip])
  const trimmed = (ids: Ids): Ids => {
    const until = end === undefined ? -1 : ids.indexOf(end)
    return (until === -1 ? ids : ids.slice(0, until)).filter((id) => !skipped.has(id))
  }
  const { names, empty, combine, finish, score } = metric
  return {
    names,
    generated: predictions === undefined || predictions === "sequences",
    measure: ({ outputs }, batch) => {
      const given = take(by, "outputs", outputs, predictions ?? ("sequences" in outputs ? "sequences" : "logits"))
      const truth = take(by, "batch", batch, labels)
      const fits = truth.rank === 2 && (given.rank === 2 || given.rank === 3) && given.shape[0] === truth.shape[0]
      if (!fits) throw new SequenceMismatch({ by, predictions: given.shape, labels: truth.shape })
      const ids = (tensor: Tensor) => tf.cast(tensor, "int32")
      return { predictions: ids(given.rank === 3 ? tf.argMax(given, -1) : given), labels: ids(truth) }
    },
    empty,
    update: (state, { predictions, labels }) => {
      const [predicted, references] = [rows(predictions!), rows(labels!)]
      return references.reduce((sum, reference, i) => combine(sum, score(trimmed(predicted[i]!), trimmed(reference))), state)
    },
    combine,
    finish
  }
}

const rows = ({ shape: [count = 0, length = 0], data }: { readonly shape: Ids; readonly data: ArrayLike<number> }) =>
  Array.from({ length: count }, (_, row): Ids => Array.from({ length }, (_, i) => data[row * length + i]!))
