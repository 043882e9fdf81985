/** Classification of, and regression on, texts and pairs of texts. */
import { Effect } from "effect"
import { InvalidArgument } from "../Arguments/Errors.ts"
import * as Field from "../Arguments/Field.ts"
import * as Collator from "../Data/Collators.ts"
import * as Dataset from "../Data/Dataset.ts"
import { defined } from "../Defined.ts"
import * as EvalPrediction from "../Evaluation/EvalPrediction.ts"
import * as Accuracy from "../Metrics/Accuracy.ts"
import * as F1 from "../Metrics/F1.ts"
import * as MatthewsCorrelation from "../Metrics/MatthewsCorrelation.ts"
import type { Metric } from "../Metrics/Metric.ts"
import * as Precision from "../Metrics/Precision.ts"
import * as Recall from "../Metrics/Recall.ts"
import * as SquaredError from "../Metrics/SquaredError.ts"
import * as Program from "../Program/Program.ts"
import * as Tokenizer from "../Tokenizer/Tokenizers.ts"
import * as Labels from "./Labels.ts"
import * as Rows from "./Rows.ts"
import * as Settings from "./Settings.ts"
import type { Make } from "./Task.ts"
import * as TaskModel from "./TaskModel.ts"

const metricNames = ["accuracy", "f1", "precision", "recall", "matthews_correlation"] as const
const averages = ["macro", "weighted", "micro"] as const

export const fields = {
  text_column_names: Field.about("Columns of the text, or of both texts, separated by a comma", Settings.name),
  label_column_name: Field.about("Column of the label", Field.text("label")),
  do_regression: Field.about("Predict a number; default: inferred from the labels", Field.optional(Field.boolean(false))),
  metric_name: Field.about(
    "Metrics of the evaluation (default accuracy); F1, precision and recall of the second label where there are two, else averaged",
    Field.optional(Field.list(metricNames))
  ),
  metric_average: Field.about(
    "How F1, precision and recall of several labels are averaged",
    Field.optional(Field.choice("macro", averages))
  ),
  max_seq_length: Field.about("Maximum tokens of a row; longer ones are truncated", Settings.size(128))
}

export const heads = TaskModel.encoders("SequenceClassification")

/** The column pairs of benchmarks, in the order of run_glue. */
const pairs = [
  ["sentence1", "sentence2"],
  ["premise", "hypothesis"],
  ["question1", "question2"],
  ["question", "sentence"]
] as const

/**
 * Makes the program. The label list is that of the training file, sorted; labels that are fractions make it a regression.
 *
 * **Source**: run_glue, run_classification. Metrics are those of `metric_name`, or the mean squared error of a regression.
 */
export const make: Make<typeof fields> = Effect.fnUntraced(function* ({ base, settings, tables, trains }) {
  const { labelColumnName: labelColumn } = settings
  const labelled = Object.values(tables).filter(
    (table) => Rows.columnsOf(table).includes(labelColumn) && !(table === tables.test && Rows.isUnlabelled(table, labelColumn))
  )
  if (trains && tables.train !== undefined) yield* Rows.column(tables.train, "label_column_name", labelColumn, [])
  const labelOf = (table: Rows.Table) => (row: number) => Rows.label(table, row, labelColumn)
  const values = trains && tables.train !== undefined ? yield* Rows.each(tables.train, labelOf(tables.train)) : undefined
  const regression =
    settings.doRegression ??
    (trains
      ? values?.every((value) => typeof value === "number") === true && values.some((value) => !Number.isInteger(value))
      : base.config.problem_type === "regression" || base.labels?.length === 1)
  if (regression && settings.metricName !== null)
    return yield* new InvalidArgument({
      argument: "metric_name",
      value: settings.metricName.join(", "),
      expected: "omitted for a regression, whose metric is the mean squared error"
    })
  const labels = regression ? Labels.make(["LABEL_0"], { labels: undefined }) : Labels.make(values, base)
  const model = yield* base.model({
    ...TaskModel.labelled(labels.names),
    problem_type: regression ? "regression" : "single_label_classification"
  })
  const maxLength = Math.min(settings.maxSeqLength, base.length)
  const encode = Effect.fnUntraced(function* (table: Rows.Table) {
    const columns = yield* textColumns(table, settings.textColumnNames, labelColumn)
    const has = labelled.includes(table)
    const rows = yield* Rows.each(
      table,
      Effect.fnUntraced(function* (row) {
        const [first = "", second] = yield* Effect.forEach(columns, (column) => Rows.text(table, row, column))
        const text: Tokenizer.Text = second === undefined ? first : [first, second]
        if (!has) return { text }
        const value = yield* labelOf(table)(row)
        if (!regression) return { text, label: yield* Labels.id(labels, value, table.file, row) }
        if (typeof value !== "number") return yield* Rows.invalid(table, row, labelColumn, "it is no number")
        return { text, label: Float32Array.of(value) }
      })
    )
    return Dataset.map(Dataset.fromArray(rows), ({ text, ...label }) => ({
      ...Tokenizer.encode(base.tokenizer, text, { truncation: "longest_first", maxLength }),
      ...label
    }))
  })
  const { train, validation, test } = tables
  const some = (train ?? validation ?? test)!
  return Program.make<unknown>({
    ...Settings.earlyStopping(settings, trains),
    model,
    tokenizer: base.tokenizer,
    dataCollator: Collator.forTokenizer(base.tokenizer, TaskModel.padding(settings.padToMaxLength, maxLength)),
    trainDataset: yield* encode(some),
    ...defined({
      evalDataset: validation && (yield* encode(validation)),
      testDataset: test && (yield* encode(test))
    }),
    metrics: regression
      ? [SquaredError.make()]
      : metricsOf(settings.metricName ?? ["accuracy"], settings.metricAverage, labels.names),
    report: ({ predictions }, split) => ({
      files: split === "test" ? { "predict_results.txt": table(written(predictions, regression, labels.names)) } : {},
      metrics: {}
    })
  })
})

/** Makes the metrics of a classification. With two labels, F1, precision and recall are those of the second one unless an average is named. */
const metricsOf = (
  chosen: ReadonlyArray<(typeof metricNames)[number]>,
  average: (typeof averages)[number] | null,
  labels: ReadonlyArray<string>
): ReadonlyArray<Metric<unknown>> => {
  const options = { average: average ?? (labels.length === 2 ? "binary" : "macro") } as const
  const makers = {
    accuracy: () => Accuracy.make(),
    f1: () => F1.make(labels, options),
    precision: () => Precision.make(labels, options),
    recall: () => Recall.make(labels, options),
    matthews_correlation: () => MatthewsCorrelation.make(labels)
  }
  return [...new Set(chosen)].map((name) => makers[name]() as Metric<unknown>)
}

const textColumns = Effect.fnUntraced(function* (table: Rows.Table, named: string | null, labelColumn: string) {
  const flag = "text_column_names"
  if (named !== null) {
    const names = named.split(",").map((name) => name.trim())
    if (names.length > 2)
      return yield* new InvalidArgument({
        argument: flag,
        value: named,
        expected: "the name of one column, or of two, separated by a comma"
      })
    return yield* Effect.forEach(names, (name) => Rows.column(table, flag, name, []))
  }
  const there = Rows.columnsOf(table)
  const pair = pairs.find((columns) => columns.every((column) => there.includes(column)))
  if (pair !== undefined) return pair
  const texts = there.filter((column) => column !== labelColumn && typeof table.rows[0]?.[column] === "string")
  return [yield* Rows.column(table, flag, null, ["sentence", "text", ...texts])]
})

const written = (
  predictions: EvalPrediction.Gathered | undefined,
  regression: boolean,
  names: ReadonlyArray<string>
): ReadonlyArray<string> =>
  regression
    ? Array.from(EvalPrediction.take(predictions, "logits").data, (value) => value.toFixed(3))
    : Array.from(EvalPrediction.argmax(predictions, "logits").data, (id) => names[id]!)

const table = (lines: ReadonlyArray<string>): string =>
  ["index\tprediction", ...lines.map((line, index) => `${index}\t${line}`)].map((line) => `${line}\n`).join("")
