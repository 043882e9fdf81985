/** Bugs that porting Python scripts found. */
import type { Bug } from "./Bug.ts"

const checks = "test/unit/Program/DataChecks.test.ts"
const classification = "test/unit/Task/TextClassification.test.ts"
const callback = "test/unit/HuggingFaceTrainer/Promise/Callback.test.ts"

const invalidRow = (bug: string, file: string, find: string, replace: string, row: string): Bug => ({
  bug,
  file,
  find,
  replace,
  test: checks,
  named: `a row with ${row} is an error before step 0`
})

export const scripts: ReadonlyArray<Bug> = [
  {
    bug: "Metric objects score the argmax of the logits although predict_with_generate is set",
    file: "src/Evaluation/Evaluation.ts",
    find: "(keeps || metrics.generated === true)",
    replace: "keeps",
    test: "test/unit/HuggingFaceTrainer/Seq2SeqTrainer.test.ts",
    named: "scores the generated sequences with metric objects"
  },
  {
    bug: "Within a callback the Trainer's methods use the weights from before training",
    file: "src/HuggingFaceTrainer/Train.ts",
    find: "({ ...held, running }))",
    replace: "({ ...held, ...(running === undefined ? {} : {}) }))",
    test: "test/unit/HuggingFaceTrainer/Trainer.test.ts",
    named: "within a callback use the present weights"
  },
  {
    bug: "With promises, a callback's run evaluates the weights from before training",
    file: "src/Driver/CurrentRun.ts",
    find: "weights: sourceOf(owner),",
    replace: "weights: hostSource((yield* owner.snapshot) as never),",
    test: callback,
    named: "evaluates and predicts with the present weights"
  },
  {
    bug: "A callback gets the learning rate of another update",
    file: "src/Driver/CurrentRun.ts",
    find: "learningRate: (state) => plan.learningRate(state, plan.horizon),",
    replace: "learningRate: ({ lastUpdate }) => (void plan, lastUpdate.learningRate),",
    test: "test/unit/Driver/CurrentRun.test.ts",
    named: "has the learning rate of the next update"
  },
  invalidRow(
    "Ragged rows in memory are found when they are reached",
    "src/Data/SuspectRows.ts",
    'isShape(form) && isShape(typical) ? "shape" : "type"',
    '(isShape(form) && isShape(typical) ? "hidden" : "type") as never',
    "another width"
  ),
  invalidRow(
    "A missing label in memory is found when it is reached",
    "src/Data/SuspectRows.ts",
    "if (value === undefined || value === null) return absent",
    'if (value === undefined || value === null) return "[]"',
    "a missing label"
  ),
  invalidRow(
    "A null label in memory is found when it is reached",
    "src/Data/SuspectRows.ts",
    "value === undefined || value === null) return absent",
    'value === null) return "[]"\n  if (value === undefined) return absent',
    "a null label"
  ),
  invalidRow(
    "A fractional id or label in memory is found when it is reached",
    "src/Data/SuspectRows.ts",
    "else if (integer && (value | 0) !== value)",
    "else if (integer && (value | 0) !== value && !(value % 1))",
    "a fractional label"
  ),
  invalidRow(
    "A feature that is NaN in memory is found when it is reached",
    "src/Data/SuspectRows.ts",
    'if (!Number.isFinite(integer ? value : Math.fround(value))) report("nonFinite")',
    "if (!Number.isFinite(integer ? value : Math.fround(value))) return",
    "a feature that is NaN"
  ),
  {
    bug: "A class out of range trains to NaN with a model of one's own and crossEntropy",
    file: "src/Model/LabelRange.ts",
    find: "label < classes) ||",
    replace: "label < Infinity + classes) ||",
    test: "test/unit/Driver/LabelOutOfRange.test.ts"
  },
  {
    bug: "A class out of range is an error without its row",
    file: "src/Data/LabelError.ts",
    find: "row: indices?.[row] ?? null",
    replace: "row: indices?.[-1 - row] ?? null",
    test: "test/unit/Driver/LabelOutOfRange.test.ts"
  },
  {
    bug: "An empty label of a .csv file is a class of its own",
    file: "src/Task/Rows.ts",
    find: ' || (typeof value === "string" && value.trim() === "")',
    replace: "",
    test: classification,
    named: "an empty label in a .csv file"
  },
  {
    bug: "A promise script that is given to regimen train trains, and then fails",
    file: "src/cli/LoadProgram.ts",
    find: 'source !== "" && !mayExportDefault.test(source)',
    replace: 'source === "never" && !mayExportDefault.test(source)',
    test: "test/unit/cli/LoadProgram.test.ts",
    named: "refuses a script that trains by itself"
  },
  {
    bug: "Classification on the command line knows accuracy alone",
    file: "src/Task/TextClassification.ts",
    find: 'settings.metricName ?? ["accuracy"]',
    replace: '["accuracy"]',
    test: classification,
    named: "metric_name and early stopping"
  },
  {
    bug: "Classification on the command line has no early stopping",
    file: "src/Task/TextClassification.ts",
    find: "    ...Settings.earlyStopping(settings, trains),\n",
    replace: "",
    test: classification,
    named: "configures early stopping"
  },
  {
    bug: "encodeBatch with padding: true is a RangeError",
    file: "src/Tokenizer/Tokenizer.ts",
    find: "![true, false, ",
    replace: "![false, ",
    test: "test/unit/Tokenizer/Tokenizer.test.ts",
    named: "accepts the padding values of transformers"
  },
  {
    bug: "A metric that names a missing output is a DeviceError",
    file: "src/Metrics/MetricError.ts",
    find: "if (isMetricError(cause)) return Result.fail(cause)",
    replace: "if (cause === null && isMetricError(cause)) return Result.fail(cause)",
    test: "test/unit/Evaluation/MetricError.test.ts",
    named: "an output that does not exist"
  },
  {
    bug: "A generator as the training data is a TypeError",
    file: "src/Program/DataSource.ts",
    find: 'if (typeof source === "function" || Effect.isEffect(source) || !isIterator(source) || isAsyncIterable(source)) return source',
    replace: "if (source !== undefined) return source",
    test: "test/unit/Program/DataSource.test.ts"
  },
  {
    bug: "An async iterable as the training data is a TypeError",
    file: "src/Program/DataSource.ts",
    find: "  if (isAsyncIterable(source)) return isIterator(source) ? Effect.fail(failed(readOnce)) : Effect.succeed(reopened(source))\n",
    replace: "",
    test: "test/unit/Program/DataSource.test.ts"
  },
  {
    bug: "bert-base-uncased is not found, without the suggestion of its present name",
    file: "src/Layer/Hub/FormerNames.ts",
    find: "return owner === undefined ||",
    replace: "return owner !== null ||",
    test: "test/unit/Layer/Hub/HuggingFace.test.ts",
    named: "suggests the present name"
  },
  {
    bug: "onEvaluate lacks runtime and speeds",
    file: "src/Driver/CallbackSet.ts",
    find: "metrics: { ...event.metrics, ...logs }",
    replace: "metrics: event.metrics",
    test: "test/unit/Driver/Callback.test.ts",
    named: "onEvaluate has runtime and speeds"
  },
  {
    bug: "Long messages break inside words at the width of the terminal",
    file: "src/Layer/Logger/EffectMessages.ts",
    find: "EntryLine.text(TextWidth.clean(line), columns)",
    replace: "((void EntryLine, columns), TextWidth.clean(line))",
    test: "test/unit/Layer/Logger/EffectMessages.test.ts",
    named: "wraps between words"
  },
  {
    bug: "Two sets with four metrics fall out of the table",
    file: "src/Layer/Logger/EvaluationTable.ts",
    find: ".flatMap((shown) => [rowOf(layout, shown, least), rowOf(layout, shown, 0)])",
    replace: ".map((shown) => rowOf(layout, shown, least))",
    test: "test/unit/Layer/Logger/EvaluationTable.test.ts",
    named: "keeps two sets with four metrics"
  }
]
