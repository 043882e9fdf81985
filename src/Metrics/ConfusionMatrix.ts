/** The confusion matrix: how often each class was predicted for each label. **Unit**: labels. */
import { tf } from "../Tensor/Tensor.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/** Row-major counts: a row for each label, a column for each prediction. */
export type Counts = ReadonlyArray<number>

/**
 * Counts labels against predictions. It has no scalars; its figure is `confusion_matrix`.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`. Labels that are no class are ignored.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { ConfusionMatrix } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const confusion = ConfusionMatrix.make(["cat", "dog"])
 * const logits = tf.tensor2d([[1, 0], [1, 0], [0, 1]])
 * const measured = confusion.measure({ outputs: { logits } }, { labels: tf.tensor1d([0, 1, 1], "int32") })
 * const counts = confusion.update(confusion.empty, HostTensor.fromDevice(measured))
 * assert.deepEqual(ConfusionMatrix.toRows(counts), [[1, 0], [1, 1]])
 * ```
 */
export const make = (classes: ReadonlyArray<string>, options: PredictionsAndLabels.Options = {}): Metric<Counts> => ({
  names: [],
  measure: (result, batch) => {
    const { scores, classes: rows } = PredictionsAndLabels.classes("confusion matrix", result, batch, options, classes.length)
    const counted = tf.where(tf.equal(rows, options.ignoreIndex ?? -100), tf.fill(rows.shape, -1, "int32"), rows)
    const hot = (indices: typeof rows) => tf.oneHot(indices, classes.length, 1, 0, "float32")
    return { counts: tf.matMul(hot(counted), hot(tf.argMax(scores, -1)), true, false) }
  },
  empty: new Array<number>(classes.length ** 2).fill(0),
  update: (state, { counts }) => state.map((count, i) => count + counts!.data[i]!),
  combine: (left, right) => left.map((count, i) => count + right[i]!),
  finish: () => ({}),
  figures: (state) => ({
    confusion_matrix: { _tag: "Matrix", rows: "label", columns: "prediction", labels: classes, values: toRows(state) }
  })
})

/** Lists the rows, one for each label. */
export const toRows = (counts: Counts): ReadonlyArray<ReadonlyArray<number>> => {
  const size = Math.sqrt(counts.length)
  return Array.from({ length: size }, (_, row) => counts.slice(row * size, (row + 1) * size))
}
