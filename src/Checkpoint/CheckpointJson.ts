/** All of a checkpoint that is not tensors, as one JSON text: what `checkpoint.json` holds. */
import { Schema } from "effect"
import { defined } from "../Defined.ts"
import * as PythonJson from "../Format/PythonJson.ts"
import type { Scalars } from "../Layer/Logger/Logger.ts"
import { TrainerState, toArray } from "../TrainerState.ts"
import type { Checkpoint } from "./CheckpointStore.ts"

/** The version of the form; a file of a later one is refused. */
export const format = 1

const Entry = Schema.Struct({
  _tag: Schema.Literal("Scalars"),
  run: Schema.String,
  attempt: Schema.Natural,
  step: Schema.Natural,
  epoch: Schema.Number,
  kind: Schema.Literals(["train", "eval", "summary"]),
  set: Schema.optionalKey(Schema.String),
  values: Schema.Record(Schema.String, Schema.Number),
  clock: Schema.Record(Schema.String, Schema.Number)
})

const Document = Schema.Struct({
  format: Schema.Literal(format),
  state: TrainerState,
  history: Schema.Array(Entry),
  modelOnly: Schema.optionalKey(Schema.Literal(true)),
  adapter: Schema.optionalKey(Schema.Struct({ base: Schema.String })),
  meta: Schema.Record(Schema.String, Schema.Unknown),
  /** The tensors of `model.safetensors` that are buffers: the others are parameters. */
  buffers: Schema.Array(Schema.String)
})
export type Document = Omit<Checkpoint, "weights" | "trainerState"> & { readonly buffers: ReadonlyArray<string> }

/** **Errors**: throws `SchemaError` for a state that no run can be in. */
export const encode = ({ state, history, encodedHistory, meta, buffers, modelOnly, adapter }: Document): string => {
  const marked = defined({ modelOnly, adapter })
  const { history: _, ...others } = Schema.encodeSync(Document)({ format, state, history: [], ...marked, meta, buffers })
  const rest = PythonJson.stringify(others, 1)
  const entries = encodedHistory?.map((entry) => entry.checkpointJson) ?? history.map(encodeEntry)
  // the entries go last, where no text of the rest can be taken for their place
  const log = entries.length === 0 ? "[]" : `[\n${entries.join(",\n")}\n ]`
  return `${rest.slice(0, rest.lastIndexOf("\n}"))},\n "history": ${log}\n}`
}

/** Encodes an entry of the history. */
export const encodeEntry = (entry: Scalars): string => `  ${PythonJson.stringify(Schema.encodeSync(Entry)(entry))}`

/**
 * Decodes a document. A state of a version that did not count its history gets the count: all entries but those that it does again.
 *
 * **Law**: decode(encode(document)) equals the document (test/contract/CheckpointStore.ts). **Errors**: throws for what is no such text.
 */
export const decode = (text: string): Document => {
  const json = PythonJson.parse(text)
  const document = Schema.decodeUnknownSync(Document)(json)
  return Object.hasOwn((json as typeof Document.Encoded).state, "historyLength")
    ? document
    : { ...document, state: { ...document.state, historyLength: lengthOf(document) } }
}

const lengthOf = ({ history, state }: typeof Document.Type): number => {
  const isEvaluated = toArray(state.evaluations).some(({ step }) => step === state.step)
  const isDoneAgain = ({ kind, step }: Scalars) =>
    step > state.step ||
    kind === "summary" ||
    (step === state.step && (kind === "train" ? state.loggedAt < step : state.asked.evaluate && !isEvaluated))
  const first = history.findIndex(isDoneAgain)
  return first === -1 ? history.length : first
}
