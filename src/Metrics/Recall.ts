/** Recall: the fraction of a class's labels that are predicted. **Unit**: 0 to 1. */
import * as Average from "./Average.ts"
import type { ClassCounts } from "./ClassCounts.ts"
import type { Metric } from "./Metric.ts"

/**
 * Divides the correct predictions of a class by all its labels.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * **Source**: `correct / labels`, averaged as scikit-learn's `recall_score` does (`Average`); 0 / 0 is 0, an empty set NaN.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Recall } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = Recall.make(["ham", "spam"], { average: "each" })
 * const logits = tf.tensor2d([[0, 1], [0, 1], [1, 0]])
 * const measured = metric.measure({ outputs: { logits } }, { labels: tf.tensor1d([1, 0, 0], "int32") })
 * const state = metric.update(metric.empty, HostTensor.fromDevice(measured))
 * assert.deepEqual(metric.finish(state), { recall_ham: 0.5, recall_spam: 1 })
 * ```
 */
export const make = (classes: ReadonlyArray<string>, options: Average.Options = {}): Metric<ClassCounts> =>
  Average.make("recall", classes, (right, _predicted, actual) => [right, actual], options)
