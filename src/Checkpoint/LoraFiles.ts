/** An adapter's folder in PEFT's form: `adapter_config.json`, and `adapter_model.safetensors` with what was trained. */
import { Effect, FileSystem, Path, type PlatformError, Schema } from "effect"
import * as Lora from "../Model/Lora.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Safetensors from "../Tensor/Safetensors.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as Disk from "./Disk.ts"

/** A folder without an adapter that can be read. */
export class NoAdapter extends Schema.TaggedError<NoAdapter>()("NoAdapter", { folder: Schema.String, reason: Schema.String }) {
  override get message() {
    return `There is no adapter to read in ${this.folder}: ${this.reason}.`
  }
}

/** An adapter of a kind that is not here. */
export class UnsupportedAdapter extends Schema.TaggedError<UnsupportedAdapter>()("UnsupportedAdapter", {
  folder: Schema.String,
  field: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `The adapter in ${this.folder} has ${this.field} ${this.found}, which is not supported. Merge it into its model where PEFT is installed (merge_and_unload), and load that.`
  }
}

/** Tensors that are not those of this adapter around this model. */
export class AdapterMismatch extends Schema.TaggedError<AdapterMismatch>()("AdapterMismatch", {
  tensor: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `Tensor ${this.tensor} of the adapter was expected to be ${this.expected} and is ${this.found}. Check that the adapter was trained on this model.`
  }
}

export type LoadError =
  | NoAdapter
  | UnsupportedAdapter
  | AdapterMismatch
  | Lora.LoraError
  | Safetensors.InvalidSafetensors
  | Safetensors.OutOfRange
  | PlatformError.PlatformError

export interface SaveOptions {
  readonly lora: Lora.Lora
  readonly parameters: HostTensors
  /** Where the base model is: a folder, or an id. PEFT's `AutoPeftModel` reads it. */
  readonly baseModel?: string
}

/** The files' names. */
const [configFile, tensorsFile] = ["adapter_config.json", "adapter_model.safetensors"]

/**
 * Writes an adapter: its settings, and of the parameters those that are trained. The base model stays out.
 *
 * **Law**: `load` gives it back. PEFT's `PeftModel.from_pretrained` reads it. **Errors**: the file system's.
 */
export const save = Effect.fn("LoraFiles.save")(function* (folder: string, options: SaveOptions) {
  const { lora, parameters } = options
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* fs.makeDirectory(folder, { recursive: true })
  const trained = Object.entries(Tree.filter(parameters, lora.trainable))
  const tensors = Object.fromEntries(trained.map(([name, tensor]) => [`${prefix}${name}`, tensor]))
  const write = Effect.fnUntraced(function* (name: string, bytes: Uint8Array) {
    const file = path.join(folder, name)
    yield* Disk.writeFile(`${file}.tmp`, bytes)
    yield* fs.rename(`${file}.tmp`, file)
  })
  yield* write(tensorsFile, Safetensors.encode(tensors, { metadata: { format: "pt" } }))
  yield* write(configFile, new TextEncoder().encode(`${JSON.stringify(configOf(options), null, 2)}\n`))
})

/**
 * Reads an adapter onto its base model: `init` gives the base's parameters and the adapter's.
 *
 * A `dropout` in the files is refused, as `Lora.around` does, unless it is given as 0: to go on training without it, or only to evaluate or merge.
 *
 * **Errors**: `NoAdapter`, `UnsupportedAdapter` for other kinds than LoRA and what PEFT can do beyond it (DoRA, patterns of ranks, biases), `AdapterMismatch`,
 * `InvalidLora`, `NoSuchModule`, `NotLinear`, `InvalidSafetensors`, `OutOfRange`, and the file system's.
 */
export const load = Effect.fn("LoraFiles.load")(function* <M extends Model>(
  folder: string,
  base: M,
  { dropout }: { readonly dropout?: 0 } = {}
): Effect.fn.Return<Lora.Lora<M>, LoadError, FileSystem.FileSystem | Path.Path> {
  const config = yield* readConfig(folder)
  const lora = yield* Effect.fromResult(
    Lora.around(base, {
      rank: config.r,
      alpha: config.lora_alpha,
      targets:
        typeof config.target_modules === "string" ? config.target_modules : Lora.known(base, "targets", config.target_modules),
      modulesToSave: Lora.known(base, "modulesToSave", config.modules_to_save ?? []),
      dropout: dropout ?? config.lora_dropout ?? 0,
      rslora: config.use_rslora ?? false
    })
  )
  const tensors = yield* readTensors(folder)
  const expected = Tree.filter(lora.init(Key.make(0)), lora.trainable)
  const loaded = yield* Effect.try({ try: () => matched(tensors, expected), catch: (cause) => cause as AdapterMismatch })
  return { ...lora, init: (key) => ({ ...lora.init(key), ...loaded }) }
})

/** What PEFT puts in front of the names of the model that it is around. */
const prefix = "base_model.model."

/** Takes the tensors by the model's names. Throws `AdapterMismatch`. */
const matched = (tensors: HostTensors, expected: HostTensors): HostTensors => {
  const own = new Map(Object.entries(tensors))
  const loaded = Tree.map(expected, ({ shape }, path) => {
    const tensor = `${prefix}${path}`
    const found = own.get(tensor)
    own.delete(tensor)
    const right = found?.dtype === "float32" && found.shape.join() === shape.join()
    if (!right)
      throw new AdapterMismatch({
        tensor,
        expected: `float32 [${shape}]`,
        found: found === undefined ? "absent" : `${found.dtype} [${found.shape}]`
      })
    return found
  })
  for (const [tensor, { dtype, shape }] of own)
    throw new AdapterMismatch({ tensor, expected: "absent", found: `${dtype} [${shape}]` })
  return loaded
}

const Names = Schema.Array(Schema.String)
const Config = Schema.Struct({
  peft_type: Schema.String,
  r: Schema.Number,
  lora_alpha: Schema.Number,
  target_modules: Schema.Union([Schema.String, Names]),
  lora_dropout: Schema.optionalKey(Schema.NullOr(Schema.Number)),
  modules_to_save: Schema.optionalKey(Schema.NullOr(Names)),
  use_rslora: Schema.optionalKey(Schema.NullOr(Schema.Boolean))
})
const decodeAll = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const decode = Schema.decodeUnknownEffect(Config)

/** What PEFT can do beyond this: fields that must be absent, or say no. */
const others = [
  "use_dora",
  "use_qalora",
  "lora_bias",
  "rank_pattern",
  "alpha_pattern",
  "layers_to_transform",
  "layer_replication",
  "exclude_modules",
  "target_parameters",
  "trainable_token_indices",
  "alora_invocation_tokens"
]

const readConfig = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, configFile)
  if (!(yield* fs.exists(file))) return yield* new NoAdapter({ folder, reason: `it has no ${configFile}` })
  const text = yield* fs.readFileString(file)
  const refuse = (cause: { readonly message: string }) =>
    new NoAdapter({ folder, reason: `its ${configFile} is not one: ${cause.message}` })
  const all = yield* Effect.mapError(decodeAll(text), refuse)
  const unsupported = (field: string) => new UnsupportedAdapter({ folder, field, found: JSON.stringify(all[field]) })
  if (all.peft_type !== "LORA") return yield* unsupported("peft_type")
  if ((all.bias ?? "none") !== "none") return yield* unsupported("bias")
  const more = others.find((field) => !isEmpty(all[field]))
  if (more !== undefined) return yield* unsupported(more)
  return yield* Effect.mapError(decode(all), refuse)
})

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === false || (typeof value === "object" && Object.keys(value).length === 0)

const readTensors = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, tensorsFile)
  if (!(yield* fs.exists(file))) return yield* new NoAdapter({ folder, reason: `it has no ${tensorsFile}` })
  const bytes = yield* fs.readFile(file)
  const { tensors } = yield* Effect.try({
    try: () => Safetensors.decode(bytes),
    catch: (cause) => cause as Safetensors.InvalidSafetensors | Safetensors.OutOfRange
  })
  return tensors
})

/** The settings by PEFT's names; what it has beyond them is at its defaults there. */
const configOf = ({ lora, parameters, baseModel }: SaveOptions) => {
  const { baseModel: base, settings } = lora
  return {
    base_model_name_or_path: baseModel ?? null,
    bias: "none",
    fan_in_fan_out: base.turned !== undefined,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    modules_to_save: settings.modulesToSave.length === 0 ? null : settings.modulesToSave,
    peft_type: "LORA",
    r: settings.rank,
    target_modules: settings.targets,
    task_type: taskOf(lora, Object.keys(parameters)),
    use_rslora: settings.rslora
  }
}

/** What PEFT calls an architecture's task. For a head of classes or answers it looks for that head in the files, so that it is told only where it is there. */
const taskOf = ({ baseModel: base, trainable }: Lora.Lora, paths: ReadonlyArray<string>): string | null => {
  const architecture = "architecture" in base ? String(base.architecture) : ""
  const task = Object.entries(tasks).find(([end]) => architecture.endsWith(end))?.[1] ?? null
  const head = heads[String(task)]
  const left = head !== undefined && paths.some((path) => head.test(path) && !trainable(path))
  return left ? null : task
}

/** What it takes for the head. */
const heads: Readonly<Record<string, RegExp>> = {
  SEQ_CLS: /(classifier|score)\./,
  TOKEN_CLS: /(classifier|score)\./,
  QUESTION_ANS: /qa_outputs\./
}

const tasks: Readonly<Record<string, string>> = {
  ForSequenceClassification: "SEQ_CLS",
  ForTokenClassification: "TOKEN_CLS",
  ForQuestionAnswering: "QUESTION_ANS",
  ForCausalLM: "CAUSAL_LM",
  LMHeadModel: "CAUSAL_LM",
  ForConditionalGeneration: "SEQ_2_SEQ_LM"
}
