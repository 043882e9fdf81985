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
  data_seed: about("Seed of the order of the data; default: seed", optional(integer(0, { minimum: 0 }))),
  dataloader_drop_last: about("Leave out a last batch that is not full", boolean(false)),
  dataloader_num_workers: about("Workers that make batches", integer(0, { minimum: 0 })),
  dataloader_prefetch_factor: about("Batches that each makes ahead", optional(integer(1, { minimum: 1 }))),
  dataloader_persistent_workers: about(
    "Keep workers between epochs",
    idle("Workers are kept between epochs always: a run starts them once.", boolean(false))
  ),
  dataloader_pin_memory: about("Keep batches in pinned memory", idle("No device here copies from pinned memory.", boolean(true))),
  remove_unused_columns: about("Leave out columns that the model does not take", boolean(true)),
  group_by_length: about("Put rows of like length together", boolean(false)),
  length_column_name: about("Column that holds the length", text("length")),
  ignore_data_skip: about("When resuming, start the epoch's data anew", boolean(false)),
  accelerator_config: about("How batches go to processes", accelerator)
}
