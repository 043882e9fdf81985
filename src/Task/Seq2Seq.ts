/** Sequence to sequence: translation, summarization. */
import { Effect } from "effect"
import * as Field from "../Arguments/Field.ts"
import * as Collator from "../Data/Collators.ts"
import * as Dataset from "../Data/Dataset.ts"
import { defined } from "../Defined.ts"
import * as EvalPrediction from "../Evaluation/EvalPrediction.ts"
import * as Generation from "../Evaluation/Generation.ts"
import { settingsOf, writing } from "../HuggingFaceTrainer/Seq2SeqClass.ts"
import * as Bleu from "../Metrics/Bleu.ts"
import * as Rouge from "../Metrics/Rouge.ts"
import * as Program from "../Program/Program.ts"
import type { HostTensor } from "../Tensor/HostTensor.ts"
import * as Tokenizer from "../Tokenizer/Tokenizers.ts"
import * as Rows from "./Rows.ts"
import * as Settings from "./Settings.ts"
import type { Make } from "./Task.ts"
import * as TaskModel from "./TaskModel.ts"

export const fields = {
  text_column: Field.about("Column of the source text", Settings.name),
  summary_column: Field.about("Column of the target text", Settings.name),
  source_lang: Field.about("Source language, in rows with a translation", Settings.name),
  target_lang: Field.about("Target language", Settings.name),
  source_prefix: Field.about("Text before each source text", Field.text("")),
  max_source_length: Field.about("Maximum tokens of a source text; longer ones are truncated", Settings.size(1024)),
  max_target_length: Field.about("Maximum tokens of a target text; longer ones are truncated", Settings.size(128)),
  val_max_target_length: Field.about("Maximum tokens of a target text in evaluation; default: as in training", Settings.maybe),
  num_beams: Field.about("Beams of beam search", Settings.maybe),
  ignore_pad_token_for_loss: Field.about("Ignore padding in the loss", Field.boolean(true)),
  predict_with_generate: Field.about("Generate texts in evaluations, and compute metrics of them", Field.boolean(true)),
  generation_max_length: Field.about("Maximum tokens of a generated text; default: val_max_target_length", Settings.maybe)
}

export const heads: TaskModel.Heads = { t5: "T5ForConditionalGeneration" }

/**
 * Makes the program, from two columns, or from rows like `{ "translation": { "en": "...", "de": "..." } }`.
 *
 * **Source**: run_translation, run_summarization. Metrics are those of both (`Bleu`, `Rouge` in percent), and `gen_len`, the mean length in tokens.
 */
export const make: Make<typeof fields> = Effect.fnUntraced(function* ({ base, settings, tables, trains }) {
  const { tokenizer } = base
  const model = yield* base.model({})
  const longest = settings.generationMaxLength ?? settings.valMaxTargetLength ?? settings.maxTargetLength
  const pad = Tokenizer.specialId(tokenizer, "pad")
  const usual = yield* Effect.fromResult(Generation.ofModel(model))
  const asked = { maxLength: longest, maxNewTokens: null, numBeams: settings.numBeams ?? undefined }
  if (settings.predictWithGenerate) yield* Effect.fromResult(settingsOf(usual, asked))
  const written = writing(model, Generation.merge(usual, asked), { pad })
  const encode = Effect.fnUntraced(function* (table: Rows.Table, most: number, needs: boolean) {
    const read = yield* columns(table, settings, needs)
    const rows = yield* Rows.each(table, read)
    const truncation = "longest_first" as const
    const maxLength = Math.min(settings.maxSourceLength, tokenizer.maxLength ?? Infinity)
    return Dataset.map(Dataset.fromArray(rows), ({ source, target }): unknown => ({
      ...Tokenizer.encode(tokenizer, `${settings.sourcePrefix}${source}`, { truncation, maxLength, typeIds: false }),
      ...defined({
        labels: target === undefined ? undefined : Tokenizer.encode(tokenizer, target, { truncation, maxLength: most }).input_ids
      })
    }))
  })
  const { train, validation, test } = tables
  const later = settings.valMaxTargetLength ?? settings.maxTargetLength
  const decode = (tensor: HostTensor) => textsOf(tokenizer, tensor)
  return Program.make<unknown>({
    ...Settings.earlyStopping(settings, trains),
    model,
    tokenizer,
    dataCollator: Collator.seq2seq({
      padToken: pad,
      labelPad: settings.ignorePadTokenForLoss ? -100 : pad,
      ...TaskModel.padding(settings.padToMaxLength, settings.maxSourceLength)
    }),
    trainDataset: yield* encode((train ?? validation ?? test)!, settings.maxTargetLength, train !== undefined),
    ...defined({
      evalDataset: validation && (yield* encode(validation, later, true)),
      testDataset: test && (yield* encode(test, later, false))
    }),
    ...(settings.predictWithGenerate
      ? {
          ...written,
          computeMetrics: ({ labelIds, predictions }) =>
            score(tokenizer, EvalPrediction.take(predictions), EvalPrediction.take(labelIds)),
          report: ({ labelIds, predictions }, split) => {
            const sequences = EvalPrediction.take(predictions)
            return {
              files: split === "test" ? { "generated_predictions.txt": lines(decode(sequences)) } : {},
              metrics: labelIds === undefined ? {} : score(tokenizer, sequences, EvalPrediction.take(labelIds))
            }
          }
        }
      : {})
  })
})

/** Formats one text per line: line breaks within a text become spaces. */
const lines = (texts: ReadonlyArray<string>): string =>
  texts.map((text) => `${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`).join("")

/** Gives a function that reads the source and target of a row. */
const columns = Effect.fnUntraced(function* (
  table: Rows.Table,
  settings: {
    readonly sourceLang: string | null
    readonly targetLang: string | null
    readonly textColumn: string | null
    readonly summaryColumn: string | null
  },
  needs: boolean
) {
  const there = Rows.columnsOf(table)
  if (there.includes("translation") && settings.textColumn === null) {
    const [first, second] = Object.keys((table.rows[0]!.translation as object | null) ?? {})
    const [from, to] = [settings.sourceLang ?? first ?? "", settings.targetLang ?? second ?? ""]
    return Effect.fnUntraced(function* (row: number) {
      const given = table.rows[row]!.translation as Readonly<Record<string, unknown>> | null
      const [source, target] = [given?.[from], given?.[to]]
      if (typeof source !== "string") return yield* Rows.invalid(table, row, "translation", `it has no text in "${from}"`)
      if (typeof target !== "string" && needs) return yield* Rows.invalid(table, row, "translation", `it has no text in "${to}"`)
      return { source, target: typeof target === "string" ? target : undefined }
    })
  }
  const source = yield* Rows.column(table, "text_column", settings.textColumn, sources)
  const named = settings.summaryColumn !== null || targets.some((name) => there.includes(name))
  const target = needs || named ? yield* Rows.column(table, "summary_column", settings.summaryColumn, targets) : undefined
  return Effect.fnUntraced(function* (row: number) {
    return {
      source: yield* Rows.text(table, row, source),
      target: target === undefined ? undefined : yield* Rows.text(table, row, target)
    }
  })
})

const sources = ["source", "text", "article", "document", "dialogue", "input"]
const targets = ["target", "summary", "highlights", "label", "output"]

const textsOf = (tokenizer: Tokenizer.Tokenizer, tensor: HostTensor): ReadonlyArray<string> =>
  Tokenizer.decodeBatch(tokenizer, tensor, { skipSpecialTokens: true })

const score = (tokenizer: Tokenizer.Tokenizer, predictions: HostTensor, labelIds: HostTensor) => {
  const [guesses, truths] = [textsOf(tokenizer, predictions), textsOf(tokenizer, labelIds)]
  const pairs = guesses.map((guess, i) => [guess.trim(), truths[i]!.trim()] as const)
  const bleu = Bleu.score(pairs.map(([guess, truth]) => Bleu.sentence(guess, [truth])).reduce(Bleu.combine, Bleu.empty))
  const rouge = pairs.map(([guess, truth]) => Rouge.text(guess, [truth]))
  const mean = (of: (i: number) => number) => pairs.reduce((sum, _, i) => sum + of(i), 0) / pairs.length
  const pad = tokenizer.special.pad
  const width = predictions.shape[1] ?? 0
  const tokens = (row: number) => predictions.data.subarray(row * width, (row + 1) * width).filter((id) => id !== pad).length
  return {
    bleu,
    ...Object.fromEntries(Rouge.names.map((name) => [name, mean((i) => 100 * rouge[i]![name])])),
    gen_len: mean(tokens)
  }
}
