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
  sortish_sampler: about("Sort training examples roughly by length, with some randomness", boolean(false)),
  predict_with_generate: about("Generate text in evaluation, for metrics such as ROUGE and BLEU", boolean(false)),
  generation_max_length: about(
    "Maximum length of generated text, in tokens; null for the model's own",
    optional(integer(1, { minimum: 1 }))
  ),
  generation_num_beams: about("Number of beams in beam search; null for the model's own", optional(integer(1, { minimum: 1 }))),
  generation_config: about("Generation config, or the folder of a model that has one", optional(configuration))
}
