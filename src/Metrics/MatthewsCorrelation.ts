/** The Matthews correlation of labels and predictions. **Unit**: -1 to 1; 0 is chance. */
import * as ClassCounts from "./ClassCounts.ts"
import type { Metric } from "./Metric.ts"
import type * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * Correlates labels with predictions, of two classes or more.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * **Source**: Gorodkin 2004: `(c s - sum(p t)) / sqrt((s^2 - sum(p^2)) (s^2 - sum(t^2)))` of `c` correct among `s` labels, `p` predictions and `t`
 * labels a class. 0 if all labels, or all predictions, are of one class, as in scikit-learn; NaN for an empty set.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { MatthewsCorrelation } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = MatthewsCorrelation.make(["ham", "spam"])
 * const logits = tf.tensor2d([[0, 1], [0, 1], [1, 0]])
 * const measured = metric.measure({ outputs: { logits } }, { labels: tf.tensor1d([1, 0, 0], "int32") })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { matthews_correlation: 0.5 })
 * ```
 */
export const make = (
  classes: ReadonlyArray<string>,
  options: PredictionsAndLabels.Options = {}
): Metric<ClassCounts.ClassCounts> =>
  ClassCounts.make("Matthews correlation", classes, options, ["matthews_correlation"], ({ right, predicted, actual }) => {
    const ones = right.map(() => 1)
    const [c, s] = [dot(right, ones), dot(actual, ones)]
    if (s === 0) return [Number.NaN]
    const spread = (s * s - dot(predicted, predicted)) * (s * s - dot(actual, actual))
    return [spread === 0 ? 0 : (c * s - dot(predicted, actual)) / Math.sqrt(spread)]
  })

const dot = (left: ReadonlyArray<number>, right: ReadonlyArray<number>) => left.reduce((sum, x, i) => sum + x * right[i]!, 0)
