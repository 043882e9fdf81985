/** The area under the ROC curve: the probability that a positive scores higher than a negative, ties counted half. **Unit**: 0 to 1; 0.5 is chance. */
import { type Outputs, take } from "../Model/Model.ts"
import { type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Average from "./Average.ts"
import type { Metric } from "./Metric.ts"
import * as PredictionsAndLabels from "./PredictionsAndLabels.ts"
import * as Ranks from "./Ranks.ts"
import * as RowBuffer from "./RowBuffer.ts"

/**
 * Computes the area under the ROC curve of positives (label 1) against negatives (label 0), exactly, without bins.
 *
 * Its state has 8 bytes per counted label. Labels other than 0 and 1 are ignored.
 *
 * **Shapes**: logits `[..., 2]`, whose difference is the score, and labels `[...]`; or a single logit for each label.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * **Source**: Mann and Whitney's U: `(sum of the positives' ranks - p (p + 1) / 2) / (p n)`, equal to scikit-learn's `roc_auc_score`. Without positives or
 * without negatives there is no curve, and a NaN among the scores has no rank: both give NaN.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { RocAuc } from "regimen/metrics"
 * import { HostTensor } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const metric = RocAuc.make()
 * const logits = tf.tensor1d([0.1, 0.4, 0.35, 0.8])
 * const measured = metric.measure({ outputs: { logits } }, { labels: tf.tensor1d([0, 0, 1, 1], "int32") })
 * assert.deepEqual(metric.finish(metric.update(metric.empty, HostTensor.fromDevice(measured))), { roc_auc: 0.75 })
 * ```
 */
export const make = (options: PredictionsAndLabels.Options = {}): Metric<RowBuffer.RowBuffer> => ({
  names: ["roc_auc"],
  measure: (result, batch) => score(result, batch, options),
  ...collected(options.ignoreIndex, 2),
  finish: (state) => ({ roc_auc: areas(state, [1])[0]!.area })
})

/**
 * Computes the area of each class's probability against all other classes.
 *
 * Its state has 4 bytes per class and 4 more for each counted label. Labels that are no class are ignored.
 *
 * **Shapes**: logits `[..., classes]`, labels `[...]`.
 *
 * **Errors**: throws `MissingField`, `LabelMismatch`, `ClassMismatch`.
 *
 * **Source**: scikit-learn's `roc_auc_score(multi_class="ovr")`. Where a class has no labels, or all, its area is NaN and so is a mean over it;
 * scikit-learn refuses such a set.
 *
 * @example
 * ```ts
 * import { RocAuc } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(RocAuc.oneVsRest(["a", "b", "c"]).names, ["macro_roc_auc"])
 * ```
 */
export const oneVsRest = (
  classes: ReadonlyArray<string>,
  { average = "macro", ...options }: PredictionsAndLabels.Options & { readonly average?: "macro" | "weighted" | "each" } = {}
): Metric<RowBuffer.RowBuffer> => ({
  names: average === "each" ? classes.map((name) => `roc_auc_${name}`) : [`${average}_roc_auc`],
  measure: (result, batch) => {
    const { scores, classes: labels } = PredictionsAndLabels.classes("ROC-AUC", result, batch, options, classes.length)
    return { scores: tf.logSoftmax(scores), labels }
  },
  ...collected(options.ignoreIndex, classes.length),
  finish: (state) => {
    const found = areas(state, [...classes.keys()])
    const each = found.map(({ area }) => area)
    if (average === "each") return Object.fromEntries(classes.map((name, i) => [`roc_auc_${name}`, each[i]!]))
    const weights = found.map(({ positives }) => (average === "macro" ? 1 : positives))
    // A class that never occurs has weight 0, and still makes the mean NaN.
    const mean = each.some(Number.isNaN) ? Number.NaN : Average.mean(each, weights)
    return { [`${average}_roc_auc`]: mean }
  }
})

/** A score for each label, and the labels. */
const score = (result: Outputs, batch: Tensors, options: PredictionsAndLabels.Options): Tensors => {
  const { logits = "logits", labels = "labels" } = options
  if (take(by, "outputs", result.outputs, logits).size === take(by, "batch", batch, labels).size) {
    const { predictions, labels: classes } = PredictionsAndLabels.numbers(by, result, batch, { predictions: logits, labels })
    return { scores: predictions, labels: tf.cast(classes, "int32") }
  }
  const { scores, classes } = PredictionsAndLabels.classes(by, result, batch, options, 2)
  const [negative, positive] = tf.split(scores, 2, 1)
  return { scores: tf.reshape(tf.sub(positive!, negative!), [classes.size]), labels: classes }
}

const by = "ROC-AUC"

/** Collects the rows whose labels are one of so many classes. */
const collected = (ignoreIndex = -100, classes: number): Pick<Metric<RowBuffer.RowBuffer>, "empty" | "update" | "combine"> => ({
  empty: RowBuffer.empty,
  update: (state, measured) =>
    RowBuffer.add(state, measured, (row) => {
      const label = measured.labels!.data[row]!
      return label !== ignoreIndex && label >= 0 && label < classes
    }),
  combine: RowBuffer.combine
})

interface Area {
  readonly area: number
  readonly positives: number
}

/** Computes the area of each of some classes against all others. **Shapes**: scores `[labels, classes]`. */
const areas = (state: RowBuffer.RowBuffer, classes: ReadonlyArray<number>): ReadonlyArray<Area> => {
  const labels = RowBuffer.column(state, "labels")
  const scores = RowBuffer.column(state, "scores")
  return classes.map((positive, column) => {
    const ranks = Ranks.make(labels.map((_, row) => scores[row * classes.length + column]!))
    const positives = labels.filter((label) => label === positive).length
    const sum = ranks.reduce((total, rank, row) => (labels[row] === positive ? total + rank : total), 0)
    return { area: (sum - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives)), positives }
  })
}
