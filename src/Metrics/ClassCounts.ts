/** Counts of each class as label, as prediction, and as both: the state of precision, recall, F1 and Matthews correlation. **Unit**: labels. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/** A number for each class. */
export interface ClassCounts {
  readonly right: ReadonlyArray<number>
  readonly predicted: ReadonlyArray<number>
  readonly actual: ReadonlyArray<number>
}

/**
 * Makes a metric from the counts. The prediction is the argmax. Labels that are no class are ignored, as in the confusion matrix.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 */
export const make = (
  by: string,
  classes: ReadonlyArray<string>,
  options: PredictionsAndLabels.Options,
  names: ReadonlyArray<string>,
  figures: (counts: ClassCounts) => ReadonlyArray<number>
): Metric<ClassCounts> => {
  const zeros = classes.map(() => 0)
  return {
    names,
    measure: (result, batch) => {
      const { scores, classes: labels } = PredictionsAndLabels.classes(by, result, batch, options, classes.length)
      const ignored = tf.equal(labels, options.ignoreIndex ?? -100)
      const hot = (indices: Tensor) => tf.oneHot(indices, classes.length, 1, 0, "float32")
      const actual = hot(tf.where(ignored, tf.fill(labels.shape, -1, "int32"), labels))
      const predicted = tf.mul(hot(tf.argMax(scores, -1)), tf.sum(actual, 1, true))
      return { right: tf.sum(tf.mul(actual, predicted), 0), predicted: tf.sum(predicted, 0), actual: tf.sum(actual, 0) }
    },
    empty: { right: zeros, predicted: zeros, actual: zeros },
    update: (state, { right, predicted, actual }) =>
      combine(state, { right: [...right!.data], predicted: [...predicted!.data], actual: [...actual!.data] }),
    combine,
    finish: (state) => {
      const values = figures(state)
      return Object.fromEntries(names.map((name, i) => [name, values[i]!]))
    }
  }
}

const combine = (left: ClassCounts, right: ClassCounts): ClassCounts => ({
  right: left.right.map((count, i) => count + right.right[i]!),
  predicted: left.predicted.map((count, i) => count + right.predicted[i]!),
  actual: left.actual.map((count, i) => count + right.actual[i]!)
})
