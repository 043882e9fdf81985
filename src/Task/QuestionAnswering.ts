/** Extractive question answering. A long context is split into overlapping windows. */
import { Effect } from "effect"
import * as Field from "../Arguments/Field.ts"
import * as Collator from "../Data/Collators.ts"
import * as Dataset from "../Data/Dataset.ts"
import { defined } from "../Defined.ts"
import * as EvalPrediction from "../Evaluation/EvalPrediction.ts"
import * as SquadMetrics from "../Metrics/SquadMetrics.ts"
import * as Program from "../Program/Program.ts"
import { EncodeError } from "../Tokenizer/Errors.ts"
import * as Best from "./QuestionAnswering/Best.ts"
import * as Windows from "./QuestionAnswering/Windows.ts"
import * as Rows from "./Rows.ts"
import * as Settings from "./Settings.ts"
import type { Make } from "./Task.ts"
import * as TaskModel from "./TaskModel.ts"

export const fields = {
  question_column_name: Field.about("Column of the question", Field.text("question")),
  context_column_name: Field.about("Column of the context", Field.text("context")),
  answer_column_name: Field.about("Column of the answers", Field.text("answers")),
  max_seq_length: Field.about("Maximum tokens of a window, including the question", Settings.size(384)),
  doc_stride: Field.about("Tokens that neighbouring windows share", Field.integer(128, { minimum: 0 })),
  n_best_size: Field.about("Candidate answers of each question", Settings.size(20)),
  max_answer_length: Field.about("Maximum tokens of an answer", Settings.size(30)),
  version_2_with_negative: Field.about("Some questions have no answer", Field.boolean(false)),
  null_score_diff_threshold: Field.about("Score difference above which there is no answer", Field.number(0))
}

export const heads = TaskModel.encoders("QuestionAnswering")

/**
 * Makes the program, from rows with `id`, `question`, `context` and `answers`: `{ "text": ["..."], "answer_start": [0] }`, places in UTF-16 code units.
 *
 * **Source**: run_qa. Metrics are those of SQuAD, or of SQuAD 2 with `version_2_with_negative`.
 */
export const make: Make<typeof fields> = Effect.fnUntraced(function* ({ base, settings, tables, trains }) {
  const model = yield* base.model({})
  const size = Math.min(settings.maxSeqLength, base.length)
  const columns = {
    question: settings.questionColumnName,
    context: settings.contextColumnName,
    answers: settings.answerColumnName
  }
  const read = Effect.fnUntraced(function* (table: Rows.Table | undefined, answered: boolean) {
    if (table === undefined) return []
    yield* Rows.column(table, "question_column_name", columns.question, [])
    yield* Rows.column(table, "context_column_name", columns.context, [])
    if (answered) yield* Rows.column(table, "answer_column_name", columns.answers, [])
    return yield* Rows.each(table, (row) => question(table, row, columns, answered))
  })
  const cut = (questions: ReadonlyArray<Windows.Question>) =>
    Effect.try({
      try: () =>
        questions.flatMap((question, index) =>
          Windows.cut(base.tokenizer, question, index, { size, stride: settings.docStride })
        ),
      catch: (cause) => (cause instanceof EncodeError ? cause : new EncodeError({ reason: String(cause) }))
    })
  const asked = {
    train: yield* read(tables.train, true),
    validation: yield* read(tables.validation, true),
    test: yield* read(tables.test, false)
  }
  const windows = {
    train: yield* cut(asked.train),
    validation: yield* cut(asked.validation),
    test: yield* cut(asked.test)
  }
  const dataset = (windows: ReadonlyArray<Windows.Window>) => Dataset.fromArray<unknown>(windows.map(({ row }) => row))
  const best = (predictions: EvalPrediction.Gathered | undefined, split: "validation" | "test") =>
    Best.choose(asked[split], windows[split], {
      start: EvalPrediction.take(predictions, "start_logits"),
      end: EvalPrediction.take(predictions, "end_logits"),
      size: settings.nBestSize,
      longest: settings.maxAnswerLength,
      none: settings.version2WithNegative ? settings.nullScoreDiffThreshold : undefined
    })
  const rowsOf = (predictions: EvalPrediction.Gathered | undefined) =>
    EvalPrediction.take(predictions, "start_logits").shape[0] ?? 0
  /** The first `rows` windows were predicted. */
  const score = (answers: ReadonlyArray<Best.Answer>, split: "validation" | "test", rows: number) => {
    const seen = windows[split][rows - 1]?.index ?? -1
    const pairs = answers.slice(0, seen + 1).flatMap(({ text }, i) => {
      const wanted = asked[split][i]!.answers
      return wanted === undefined ? [] : [[text, wanted.map((answer) => answer.text)] as const]
    })
    if (pairs.length === 0) return {}
    return settings.version2WithNegative ? SquadMetrics.scoreWithNone(pairs) : SquadMetrics.score(pairs)
  }
  const all = [...windows.validation, ...windows.test]
  return Program.make<unknown>({
    ...Settings.earlyStopping(settings, trains),
    model,
    tokenizer: base.tokenizer,
    dataCollator: Collator.forTokenizer(base.tokenizer, TaskModel.padding(settings.padToMaxLength, size)),
    trainDataset: dataset(tables.train === undefined ? all : windows.train),
    ...defined({
      evalDataset: tables.validation && dataset(windows.validation),
      testDataset: tables.test && dataset(windows.test)
    }),
    computeMetrics: ({ predictions }) => score(best(predictions, "validation"), "validation", rowsOf(predictions)),
    report: ({ predictions }, split) => {
      const [rows, all] = [rowsOf(predictions), windows[split].length]
      if (rows !== all)
        throw new Error(`${rows} of ${all} windows were read, and answers need them all. Leave --dataloader_drop_last out.`)
      const answers = best(predictions, split)
      return {
        files: Best.files(split === "test" ? "predict" : "eval", asked[split], answers),
        metrics: score(answers, split, rows)
      }
    }
  })
})

const question = Effect.fnUntraced(function* (
  table: Rows.Table,
  row: number,
  columns: { readonly question: string; readonly context: string; readonly answers: string },
  answered: boolean
) {
  const given = table.rows[row]!
  const [id, answers] = [given.id === undefined ? String(row) : String(given.id), given[columns.answers]]
  const asked = {
    id,
    question: yield* Rows.text(table, row, columns.question),
    context: yield* Rows.text(table, row, columns.context)
  }
  if (answers === undefined || answers === null) {
    if (answered) return yield* Rows.invalid(table, row, columns.answers, "it has no answers")
    return { ...asked, answers: undefined }
  }
  const { answer_start, text } = (typeof answers === "object" ? answers : {}) as Readonly<Record<string, unknown>>
  if (!Array.isArray(text) || !Array.isArray(answer_start) || text.length !== answer_start.length) {
    const reason = 'it is not {"text": [...], "answer_start": [...]}, one place for each text'
    return yield* Rows.invalid(table, row, columns.answers, reason)
  }
  const right = text.map((text, i) => ({ text: String(text), from: Number(answer_start[i]) }))
  const wrong = right.find(({ text, from }) => asked.context.slice(from, from + text.length) !== text)
  if (wrong !== undefined)
    return yield* Rows.invalid(table, row, columns.answers, `the text does not have "${wrong.text}" at ${wrong.from}`)
  return { ...asked, answers: right }
})
