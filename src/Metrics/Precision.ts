/** Precision: the fraction of a class's predictions that are correct. **Unit**: 0 to 1. */
import * as Average from "./Average.ts"
import type { ClassCounts } from "./ClassCounts.ts"
import type { Metric } from "./Metric.ts"

/**
 * Divides the correct predictions of a class by all its predictions.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * **Source**: `correct / predicted`, averaged as scikit-learn's `precision_score` does (`Average`); 0 / 0 is 0, an empty set NaN.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Precision } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = Precision.make(["ham", "spam"], { average: "each" })
 * const logits = tf.tensor2d([[0, 1], [0, 1], [1, 0]])
 * const measured = metric.measure({ outputs: { logits } }, { labels: tf.tensor1d([1, 0, 0], "int32") })
 * const state = metric.update(metric.empty, HostTensor.fromDevice(measured))
 * assert.deepEqual(metric.finish(state), { precision_ham: 1, precision_spam: 0.5 })
 * ```
 */
export const make = (classes: ReadonlyArray<string>, options: Average.Options = {}): Metric<ClassCounts> =>
  Average.make("precision", classes, (right, predicted) => [right, predicted], options)
