/** Token classification: a label for each word, as in named-entity recognition and part-of-speech tagging. */
import { Effect } from "effect"
import * as Field from "../Arguments/Field.ts"
import * as Collator from "../Data/Collators.ts"
import * as Dataset from "../Data/Dataset.ts"
import { defined } from "../Defined.ts"
import * as EvalPrediction from "../Evaluation/EvalPrediction.ts"
import * as Entities from "../Metrics/Entities.ts"
import * as Program from "../Program/Program.ts"
import * as PostProcessor from "../Tokenizer/PostProcessor.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import * as Labels from "./Labels.ts"
import * as Rows from "./Rows.ts"
import * as Settings from "./Settings.ts"
import type { Make } from "./Task.ts"
import * as TaskModel from "./TaskModel.ts"

export const fields = {
  task_name: Field.about("Task, whose label column is <task_name>_tags", Field.text("ner")),
  text_column_name: Field.about("Column of the words", Settings.name),
  label_column_name: Field.about("Column of their labels", Settings.name),
  max_seq_length: Field.about("Maximum tokens of a row; longer ones are truncated", Settings.maybe),
  label_all_tokens: Field.about("Label each token of a word, not only the first", Field.boolean(false))
}

export const heads = TaskModel.encoders("TokenClassification")

/**
 * Makes the program. The first token of a word has its label, or all tokens with `label_all_tokens`, where `B-` becomes `I-` from the second token on.
 *
 * **Source**: run_ner. Metrics are those of whole entities (`Entities`).
 */
export const make: Make<typeof fields> = Effect.fnUntraced(function* ({ base, settings, tables, trains }) {
  const { tokenizer } = base
  const columns = Effect.fnUntraced(function* (table: Rows.Table) {
    const usual = [`${settings.taskName}_tags`, "tags", "labels"]
    const has =
      settings.labelColumnName !== null || usual.some((name) => Rows.columnsOf(table).includes(name)) || table === tables.train
    return {
      words: yield* Rows.column(table, "text_column_name", settings.textColumnName, ["tokens", "words"]),
      tags: has ? yield* Rows.column(table, "label_column_name", settings.labelColumnName, usual) : undefined
    }
  })
  const tagsOf = Effect.fnUntraced(function* (table: Rows.Table) {
    const { tags, words } = yield* columns(table)
    return (yield* Rows.each(table, (row) => Rows.tags(table, row, { words, tags: tags! }))).flat()
  })
  const labels = Labels.make(trains && tables.train !== undefined ? yield* tagsOf(tables.train) : undefined, base)
  const model = yield* base.model(TaskModel.labelled(labels.names))
  const length = Math.min(settings.maxSeqLength ?? base.length, base.length)
  const inner = labels.names.map((name) => {
    const inside = labels.names.indexOf(name.replace(/^B-/, "I-"))
    return inside < 0 ? labels.names.indexOf(name) : inside
  })
  const encode = Effect.fnUntraced(function* (table: Rows.Table) {
    const { words, tags } = yield* columns(table)
    const rows = yield* Rows.each(
      table,
      Effect.fnUntraced(function* (row) {
        const texts = (yield* Rows.list(table, row, words)).map(String)
        if (tags === undefined) return { texts }
        const given = yield* Rows.tags(table, row, { words, tags })
        return { texts, ids: yield* Effect.forEach(given, (label) => Labels.id(labels, label, table.file, row)) }
      })
    )
    return rows.map(({ texts, ids }) => {
      const { labels, ...inputs } = align(tokenizer, texts, length, (word, part) =>
        part > 0 ? (settings.labelAllTokens && ids !== undefined ? inner[ids[word]!]! : -100) : (ids?.[word] ?? 0)
      )
      const first = labels.flatMap((label, at) => (label === -100 ? [] : [at]))
      return { row: ids === undefined ? inputs : { ...inputs, labels }, first }
    })
  })
  const { train, validation, test } = tables
  const [evaluated, tested] = yield* Effect.forEach([validation, test], (table) =>
    table === undefined ? Effect.succeed([]) : encode(table)
  )
  const trained = train === undefined ? [...evaluated!, ...tested!] : yield* encode(train)
  const datasetOf = (encoded: typeof trained) => Dataset.fromArray<unknown>(encoded.map(({ row }) => row))
  return Program.make<unknown>({
    ...Settings.earlyStopping(settings, trains),
    model,
    tokenizer,
    dataCollator: Collator.forTokenizer(tokenizer, TaskModel.padding(settings.padToMaxLength && Number.isFinite(length), length)),
    trainDataset: datasetOf(trained),
    ...defined({
      evalDataset: validation && datasetOf(evaluated!),
      testDataset: test && datasetOf(tested!)
    }),
    computeMetrics: (found) => score(found, labels.names),
    report: (found, split) => ({
      files: split === "test" ? { "predictions.txt": written(found, tested!, labels.names) } : {},
      metrics: found.labelIds === undefined ? {} : score(found, labels.names)
    })
  })
})

/** Encodes words one by one, and labels each token by its word and its position in the word. */
export const align = (
  tokenizer: Tokenizer,
  words: ReadonlyArray<string>,
  length: number,
  labelOf: (word: number, part: number) => number
) => {
  const lead = leads(tokenizer) ? " " : ""
  const ids = words.map((word) => tokenizer.toIds(`${lead}${word}`))
  const room = Math.max(0, length - PostProcessor.addedTokens(tokenizer.postProcessor.single))
  const wanted = ids.flatMap((parts, word) => parts.map((_, part) => labelOf(word, part))).slice(0, room)
  const framed = PostProcessor.apply(tokenizer.postProcessor.single, [ids.flat().slice(0, room)])
  let at = 0
  return {
    input_ids: framed.ids,
    attention_mask: framed.ids.map(() => 1),
    ...(tokenizer.typeIds ? { token_type_ids: framed.types } : {}),
    labels: framed.special.map((special) => (special === 1 ? -100 : wanted[at++]!))
  }
}

/** Tests whether the first token of a word includes the space before it, as in GPT-2. */
const leads = (tokenizer: Tokenizer): boolean =>
  tokenizer.toIds(" a").some((id) => tokenizer.tokenOf(id)?.startsWith("Ġ") === true)

type Found = Parameters<Program.PredictionWriter>[0]

const score = ({ labelIds, predictions }: Found, names: ReadonlyArray<string>) => {
  const guesses = EvalPrediction.argmax(predictions, "logits")
  const truth = EvalPrediction.take(labelIds, "labels")
  const [rows = 0, length = 0] = truth.shape
  const of = (data: ArrayLike<number>) =>
    Array.from({ length: rows }, (_, row) =>
      Array.from({ length }, (_, at) => row * length + at).flatMap((place) =>
        truth.data[place] === -100 ? [] : [names[data[place]!] ?? String(data[place])]
      )
    )
  return Entities.score(of(guesses.data), of(truth.data))
}

/** Formats one line per row: the label of each word that was not truncated. */
const written = (
  { predictions }: Found,
  rows: ReadonlyArray<{ readonly first: ReadonlyArray<number> }>,
  names: ReadonlyArray<string>
): string => {
  const { data, shape } = EvalPrediction.argmax(predictions, "logits")
  return rows.map(({ first }, row) => `${first.map((at) => names[data[row * shape[1]! + at]!]).join(" ")}\n`).join("")
}
