/** The arguments that `Seq2SeqTrainingArguments` adds to `TrainingArguments`. */
import { Schema } from "effect"
import { about, boolean, type Field, integer, jsonDictionary, optional } from "../Field.ts"

type Settings = Readonly<Record<string, unknown>>

/** A generation config, or the folder or model that has one. */
const configuration: Field<Settings | string, Settings | string> = {
  ...jsonDictionary,
  schema: Schema.Union([Schema.Record(Schema.String, Schema.Unknown), Schema.String]),
  default: {},
  expected: "an object of names and values, or the path of a folder"
}

export const fields = {
  sortish_sampler: about("Sort rows by length, with some chance", boolean(false)),
  predict_with_generate: about("Generate, for metrics of texts", boolean(false)),
  generation_max_length: about("Longest text", optional(integer(1, { minimum: 1 }))),
  generation_num_beams: about("Beams", optional(integer(1, { minimum: 1 }))),
  generation_config: about("Settings of generation", optional(configuration))
}
