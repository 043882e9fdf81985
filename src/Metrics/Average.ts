/** Averages of a metric over classes. */
import * as ClassCounts from "./ClassCounts.ts"
import type { Metric } from "./Metric.ts"
import type * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * - `macro`: the mean over the classes that occur as a label or as a prediction.
 * - `weighted`: their mean, weighted by the number of labels.
 * - `micro`: the value of the counts of all classes together.
 * - `each`: a value for each class, 0 for one that never occurs.
 * - `binary`: the value of the positive class alone.
 */
export type Average = "macro" | "weighted" | "micro" | "each" | "binary"

export interface Options extends PredictionsAndLabels.Options {
  /** Default: `macro`. */
  readonly average?: Average
  /** The index of the positive class for `binary`. Default: 1. */
  readonly positive?: number
}

/** The numerator and the denominator of a class's value. */
export type Ratio = (right: number, predicted: number, actual: number) => readonly [numerator: number, denominator: number]

/**
 * Makes a metric of a ratio of counts. Its value is named `<average>_<name>`, `<name>` for `binary`, or `<name>_<class>` for `each`.
 *
 * A ratio with denominator 0 is 0. The value of an empty set is NaN.
 *
 * **Source**: scikit-learn's `average`, with its defaults (`zero_division` "warn", `labels` those that occur).
 */
export const make = (
  name: string,
  classes: ReadonlyArray<string>,
  ratio: Ratio,
  { average = "macro", positive = 1, ...options }: Options
): Metric<ClassCounts.ClassCounts> => {
  const names =
    average === "each" ? classes.map((each) => `${name}_${each}`) : [average === "binary" ? name : `${average}_${name}`]
  return ClassCounts.make(name, classes, options, names, ({ right, predicted, actual }) => {
    if (sum(actual) === 0) return names.map(() => Number.NaN)
    const each = classes.map((_, i) => divided(ratio(right[i]!, predicted[i]!, actual[i]!)))
    switch (average) {
      case "each":
        return each
      case "binary":
        return [each[positive] ?? Number.NaN]
      case "micro":
        return [divided(ratio(sum(right), sum(predicted), sum(actual)))]
      case "macro":
        return [
          mean(
            each,
            classes.map((_, i) => (predicted[i]! + actual[i]! > 0 ? 1 : 0))
          )
        ]
      case "weighted":
        return [mean(each, actual)]
    }
  })
}

/** Computes a weighted mean. Values of weight 0 may be NaN. */
export const mean = (values: ReadonlyArray<number>, weights: ReadonlyArray<number>): number =>
  sum(values.map((value, i) => (weights[i] === 0 ? 0 : value * weights[i]!))) / sum(weights)

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, number) => total + number, 0)
const divided = ([numerator, denominator]: readonly [number, number]) => (denominator === 0 ? 0 : numerator / denominator)
