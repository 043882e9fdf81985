/** Arguments of data loading: order, batches and workers. */
import { Schema } from "effect"
import { about, boolean, type Field, idle, integer, jsonDictionary, lacking, optional, text } from "../Field.ts"
import { sampling } from "./Lacks.ts"

type Settings = Readonly<Record<string, unknown>>

/** With one process, `split_batches`, `dispatch_batches` and `even_batches` change nothing. */
const settings = {
  split_batches: false,
  dispatch_batches: null,
  even_batches: true,
  use_seedable_sampler: true,
  non_blocking: false,
  gradient_accumulation_kwargs: null
}

const Accelerator = Schema.Struct({
  split_batches: Schema.Boolean,
  dispatch_batches: Schema.NullOr(Schema.Boolean),
  even_batches: Schema.Boolean,
  use_seedable_sampler: Schema.Boolean,
  non_blocking: Schema.Boolean,
  gradient_accumulation_kwargs: Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown))
})

/** Merges the input into the defaults; unknown names are rejected. */
const accelerator: Field<Settings, Settings | string | null> = lacking(
  sampling,
  {
    ...jsonDictionary,
    schema: jsonDictionary.schema.check(
      Schema.makeFilter(
        (given: Settings) => Object.keys(given).every((name) => name in settings) && Schema.is(Accelerator)(given)
      )
    ),
    default: settings,
    expected: `an object with ${Object.keys(settings).join(", ")}, or its JSON; a path is not read here, so give what the file holds`,
    read: (given: Settings | string | null) => {
      const read = given === null ? {} : jsonDictionary.read!(given)
      return typeof read === "object" && read !== null && !Array.isArray(read) ? { ...settings, ...read } : read
    }
  },
  (given) => given.use_seedable_sampler !== true || given.gradient_accumulation_kwargs !== null
)

export const fields = {
  data_seed: about("Seed of the data order; null for the value of seed", optional(integer(0, { minimum: 0 }))),
  dataloader_drop_last: about("Drop the last batch if it is not full", boolean(false)),
  dataloader_num_workers: about(
    "Worker threads that prepare batches; 0 prepares them in the main thread",
    integer(0, { minimum: 0 })
  ),
  dataloader_prefetch_factor: about("Batches that each worker prepares ahead", optional(integer(1, { minimum: 1 }))),
  dataloader_persistent_workers: about(
    "Keep the workers alive between epochs",
    idle("Workers always live as long as the run.", boolean(false))
  ),
  dataloader_pin_memory: about("Keep batches in pinned memory", idle("No device here copies from pinned memory.", boolean(true))),
  remove_unused_columns: about("Drop data columns that the model does not take as input", boolean(true)),
  group_by_length: about("Put examples of similar length into the same batch, to reduce padding", boolean(false)),
  length_column_name: about("Column with each example's length, for group_by_length", text("length")),
  ignore_data_skip: about("On resume, start the epoch's data from the beginning", boolean(false)),
  accelerator_config: about("How batches are distributed to processes, as in Accelerate", accelerator)
}
