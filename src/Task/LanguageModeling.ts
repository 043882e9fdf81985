/** Causal and masked language modeling. */
import { Effect } from "effect"
import * as Field from "../Arguments/Field.ts"
import * as Collator from "../Data/Collators.ts"
import * as Dataset from "../Data/Dataset.ts"
import { defined } from "../Defined.ts"
import * as Accuracy from "../Metrics/Accuracy.ts"
import type { Metric } from "../Metrics/Metric.ts"
import * as Perplexity from "../Metrics/Perplexity.ts"
import * as Objective from "../Model/Objective.ts"
import * as Program from "../Program/Program.ts"
import * as Tokenizer from "../Tokenizer/Tokenizers.ts"
import { NoTaskData } from "./Errors.ts"
import * as Rows from "./Rows.ts"
import * as Settings from "./Settings.ts"
import type { Make } from "./Task.ts"
import * as TaskModel from "./TaskModel.ts"

const text = { text_column_name: Field.about("Column of the text; default: the first one", Settings.name) }

export const causalFields = {
  ...text,
  block_size: Field.about("Tokens of a row; default: at most 1024", Settings.maybe),
  keep_linebreaks: Field.about("Keep the line ends of .txt files", Field.boolean(true))
}

export const maskedFields = {
  ...text,
  max_seq_length: Field.about("Tokens of a row; default: at most 1024", Settings.maybe),
  mlm_probability: Field.about("Share of the tokens that are masked", Field.number(0.15, { minimum: 0, below: 1 })),
  line_by_line: Field.about("Make a row of each line instead of concatenating texts", Field.boolean(false))
}

export const causalHeads: TaskModel.Heads = {
  gpt2: "GPT2LMHeadModel",
  llama: "LlamaForCausalLM",
  mistral: "MistralForCausalLM",
  qwen2: "Qwen2ForCausalLM"
}

export const maskedHeads = TaskModel.encoders("MaskedLM")

/** The default maximum length of a row, as in the scripts. **Unit**: tokens. */
const defaultLength = 1024

/** Computes the length of a row: at most what the model and the tokenizer accept, with a warning if more is requested. */
const lengthOf = (flag: string, asked: number | null, { length }: TaskModel.Base) =>
  Effect.as(
    asked !== null && asked > length
      ? Effect.logWarning(
          `${flag} is ${asked}, but the model and its tokenizer read at most ${length} tokens: rows have ${length}.`
        )
      : Effect.void,
    Math.min(asked ?? defaultLength, length)
  )

/** Makes the program of a causal language model. **Source**: run_clm: texts are concatenated and split into blocks; a shorter last block is dropped. */
export const causal: Make<typeof causalFields> = Effect.fnUntraced(function* ({ base, settings, tables, trains }) {
  const model = yield* base.model({})
  const size = yield* lengthOf("block_size", settings.blockSize, base)
  const rowsOf = Effect.fnUntraced(function* (table: Rows.Table) {
    const texts = yield* textsOf(table, settings.textColumnName)
    const ended = settings.keepLinebreaks && /\.txt$/i.test(table.file) ? texts.map((text) => `${text}\n`) : texts
    const rows = blocks(
      ended.map((text) => Tokenizer.encode(base.tokenizer, text)),
      size
    )
    return yield* some(
      rows.map((row) => ({ ...row, labels: row.input_ids })),
      table,
      "block_size",
      size
    )
  })
  return Program.make<unknown>({
    ...Settings.earlyStopping(settings, trains),
    model,
    tokenizer: base.tokenizer,
    dataCollator: Collator.stack(),
    ...(yield* sources(tables, rowsOf)),
    metrics: [Perplexity.make(), following]
  })
})

/** Makes the program of a masked language model. **Source**: run_mlm. */
export const masked: Make<typeof maskedFields> = Effect.fnUntraced(function* ({ base, seed, settings, tables, trains }) {
  const model = yield* base.model({})
  const size = yield* lengthOf("max_seq_length", settings.maxSeqLength, base)
  const rowsOf = Effect.fnUntraced(function* (table: Rows.Table) {
    const texts = yield* textsOf(table, settings.textColumnName)
    const lines = settings.lineByLine
    const options = { specialMask: true, ...(lines ? { truncation: "longest_first" as const, maxLength: size } : {}) }
    const encoded = texts.flatMap((text) =>
      lines && text.trim() === "" ? [] : [Tokenizer.encode(base.tokenizer, text, options)]
    )
    return yield* some(lines ? encoded : blocks(encoded, size), table, "max_seq_length", size)
  })
  return Program.make<unknown>({
    ...Settings.earlyStopping(settings, trains),
    model,
    tokenizer: base.tokenizer,
    dataCollator: Collator.maskedFor(base.tokenizer, {
      ...TaskModel.padding(settings.padToMaxLength, size),
      seed,
      probability: settings.mlmProbability
    }),
    args: { removeUnusedColumns: false }, // the collator reads special_tokens_mask
    ...(yield* sources(tables, rowsOf)),
    metrics: [Perplexity.make(), Accuracy.make()]
  })
})

/** Computes the accuracy of next-token predictions. */
export const following: Metric<unknown> = {
  ...(Accuracy.make() as Metric<unknown>),
  measure: (result, batch) =>
    Accuracy.make().measure(result, batch.labels === undefined ? batch : { ...batch, labels: Objective.shifted(batch.labels) })
}

type Encoded = Tokenizer.Encoding

/** Concatenates all rows and splits them into rows of `size` tokens; the remainder is dropped. */
export const blocks = (rows: ReadonlyArray<Encoded>, size: number): ReadonlyArray<Encoded> => {
  const all = (column: keyof Encoded) => rows.flatMap((row) => row[column] ?? [])
  const whole = { input_ids: all("input_ids"), attention_mask: all("attention_mask") }
  const further = (["token_type_ids", "special_tokens_mask"] as const).filter((column) => rows[0]?.[column] !== undefined)
  const more = further.map((column) => [column, all(column)] as const)
  return Array.from({ length: Math.floor(whole.input_ids.length / size) }, (_, i) => {
    const part = (values: ReadonlyArray<number>) => values.slice(i * size, (i + 1) * size)
    return {
      input_ids: part(whole.input_ids),
      attention_mask: part(whole.attention_mask),
      ...Object.fromEntries(more.map(([column, values]) => [column, part(values)]))
    }
  })
}

const textsOf = Effect.fnUntraced(function* (table: Rows.Table, named: string | null) {
  const column = yield* Rows.column(table, "text_column_name", named, ["text", ...Rows.columnsOf(table)])
  return yield* Rows.each(table, (row) => Rows.text(table, row, column))
})

const some = <A>(rows: ReadonlyArray<A>, { file }: Rows.Table, flag: string, size: number) =>
  rows.length > 0
    ? Effect.succeed(rows)
    : Effect.fail(
        new NoTaskData({
          reason: `${file} has fewer than ${size} tokens, so not one row. Give a smaller --${flag}, or more text.`
        })
      )

const sources = Effect.fnUntraced(function* <A, E>(
  { train, validation, test }: Rows.Tables,
  rowsOf: (table: Rows.Table) => Effect.Effect<ReadonlyArray<A>, E>
) {
  const dataset = (table: Rows.Table) => Effect.map(rowsOf(table), (rows) => Dataset.fromArray<unknown>(rows))
  return {
    trainDataset: yield* dataset((train ?? validation ?? test)!),
    ...defined({ evalDataset: validation && (yield* dataset(validation)) })
  }
})
