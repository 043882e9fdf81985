/** F1: the harmonic mean of precision and recall. **Unit**: 0 to 1. */
import * as Average from "./Average.ts"
import type { ClassCounts } from "./ClassCounts.ts"
import type { Metric } from "./Metric.ts"

/**
 * Divides twice the correct predictions of a class by the sum of its predictions and its labels.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * **Source**: `2 correct / (predicted + labels)`, averaged as scikit-learn's `f1_score` does (`Average`); 0 / 0 is 0, an empty set NaN.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { F1 } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = F1.make(["ham", "spam"], { average: "each" })
 * const logits = tf.tensor2d([[0, 1], [0, 1], [1, 0]])
 * const measured = metric.measure({ outputs: { logits } }, { labels: tf.tensor1d([1, 0, 0], "int32") })
 * const state = metric.update(metric.empty, HostTensor.fromDevice(measured))
 * assert.deepEqual(metric.finish(state), { f1_ham: 2 / 3, f1_spam: 2 / 3 })
 * ```
 */
export const make = (classes: ReadonlyArray<string>, options: Average.Options = {}): Metric<ClassCounts> =>
  Average.make("f1", classes, (right, predicted, actual) => [2 * right, predicted + actual], options)
