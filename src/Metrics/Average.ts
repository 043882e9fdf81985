/** How the figures of several classes become one, or stay apart. */
import * as ClassCounts from "./ClassCounts.ts"
import type { Metric } from "./Metric.ts"
import type * as PredictionsAndLabels from "./PredictionsAndLabels.ts"

/**
 * - `macro`: the mean over the classes that occur as a label or as a prediction.
 * - `weighted`: their mean, weighted by labels.
 * - `micro`: the figure of all classes' counts together.
 * - `each`: one figure a class, 0 for one that never occurs.
 * - `binary`: the figure of the positive class alone.
 */
export type Average = "macro" | "weighted" | "micro" | "each" | "binary"

export interface Options extends PredictionsAndLabels.Options {
  /** `macro` where it is left out. */
  readonly average?: Average
  /** The index of the positive class for `binary`; 1 where it is left out. */
  readonly positive?: number
}

/** What a class's figure is made of: a part and the whole. */
export type Ratio = (right: number, predicted: number, actual: number) => readonly [part: number, whole: number]

/**
 * Makes a metric of a ratio of counts. Its figure is called `<average>_<name>`, or `<name>` for `binary`, or `<name>_<class>` for `each`.
 *
 * A class whose whole is 0 has 0. An empty set has NaN: nothing was measured.
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

/** Gives the weighted mean of figures, of which those without weight may be NaN. */
export const mean = (figures: ReadonlyArray<number>, weights: ReadonlyArray<number>): number =>
  sum(figures.map((figure, i) => (weights[i] === 0 ? 0 : figure * weights[i]!))) / sum(weights)

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, number) => total + number, 0)
const divided = ([part, whole]: readonly [number, number]) => (whole === 0 ? 0 : part / whole)
