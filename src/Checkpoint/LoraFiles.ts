/** An adapter's folder in PEFT's form: `adapter_config.json`, and `adapter_model.safetensors` with what was trained. */
import { Effect, FileSystem, Path, type PlatformError, Schema } from "effect"
import * as Lora from "../Model/Lora.ts"
import * as LoraConfig from "../Model/LoraConfig.ts"
import type { Model } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Safetensors from "../Tensor/Safetensors.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as DurableFiles from "./DurableFiles.ts"
import * as WeightFiles from "./WeightFiles.ts"

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
  /** Where the base model is: a folder, or an id. Default: where it was loaded from. PEFT's `AutoPeftModel` reads it. */
  readonly baseModel?: string
}

const [configFile, tensorsFile] = [LoraConfig.fileName, WeightFiles.adapter]

/**
 * Writes an adapter: its settings, and of the parameters those that are trained. The base model stays out.
 *
 * **Law**: `load` gives it back. PEFT's `PeftModel.from_pretrained` reads it. **Errors**: the file system's.
 */
export const save = Effect.fn("LoraFiles.save")(function* (folder: string, options: SaveOptions) {
  const { lora, parameters } = options
  const trained = Tree.filter(parameters, lora.trainable)
  yield* DurableFiles.replace(folder, tensorsFile, WeightFiles.encode({ parameters: trained, buffers: {} }, true)[tensorsFile]!)
  const { baseModel: base, settings, trainable } = lora
  const config = LoraConfig.render({ base, settings, trainable, paths: Object.keys(parameters), baseModel: options.baseModel })
  yield* DurableFiles.replace(folder, configFile, config)
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

/** Takes the tensors by the model's names. Throws `AdapterMismatch`. */
const matched = (tensors: HostTensors, expected: HostTensors): HostTensors => {
  const own = new Map(Object.entries(tensors))
  const loaded = Tree.map(expected, ({ shape }, path) => {
    const tensor = `${WeightFiles.prefix}${path}`
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
