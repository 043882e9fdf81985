/** A transformer's folder, in the Hugging Face form: `config.json`, `generation_config.json` and the weights. */
import { Effect, FileSystem, Path, type PlatformError } from "effect"
import * as PythonJson from "../Format/PythonJson.ts"
import * as Hub from "../Layer/Hub/Hub.ts"
import type { Config } from "../Model/Config.ts"
import * as Transformers from "../Model/Transformers.ts"
import type { HostTensor, HostTensors } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import type { InvalidSafetensors, OutOfRange } from "../Tensor/Safetensors.ts"
import * as Tree from "../Tensor/Tree.ts"
import * as GenerationConfigFile from "./GenerationConfigFile.ts"
import { listed, MissingTensors, NoModel, PickledWeights, UnexpectedTensors, WrongShape } from "./PretrainedErrors.ts"
import { match } from "./PretrainedNames.ts"
import * as ShardedSafetensors from "./ShardedSafetensors.ts"
import * as WeightFiles from "./WeightFiles.ts"

export { MissingTensors, NoModel, PickledWeights, UnexpectedTensors, WrongShape }

/** What can be wrong with a folder. */
export type PretrainedError =
  | Hub.HubError
  | Transformers.ConfigError
  | NoModel
  | PickledWeights
  | MissingTensors
  | UnexpectedTensors
  | WrongShape
  | InvalidSafetensors
  | OutOfRange
  | PlatformError.PlatformError

export interface Options {
  /** The head. Default: the one that the folder was saved with. */
  readonly architecture?: string
  /** Of a repository: a branch, a tag or a commit. Default "main". */
  readonly revision?: string
  /** Fields that replace the config's: `{ num_labels: 3, attention_dropout: 0 }`. */
  readonly config?: Config
  /** Which parameters begin anew, whatever the files have: a head for other classes. */
  readonly fresh?: (path: string) => boolean
}

export interface Pretrained {
  /** Where the files are: the tokenizer's lie there too. */
  readonly folder: string
  /** Its `init` gives the weights of the files; a key is needed for those that begin anew. */
  readonly model: Transformers.Transformer
  /** How texts are generated, as the folder says it; the model has it too. */
  readonly generation: Config | undefined
  /** Parameters that the files do not have: they begin anew, and need training. */
  readonly fresh: ReadonlyArray<string>
  /** Tensors of the files that the model does not have: other heads. */
  readonly unused: ReadonlyArray<string>
}

/**
 * Reads a model, from a folder or from the hub: a name that is no folder and looks like `owner/name` is a repository's, whose files are fetched. Every name and shape is checked before a tensor is read, and tensors are read one at a time, in whatever format they are stored.
 *
 * A base model's files serve any head of its family, and files of one head another: what belongs to the head alone then begins anew (`fresh`) or is left
 * (`unused`). Parameters that begin anew without being requested are logged as a warning. Names with and without the base model's prefix are the same, as are those of old files (`gamma`, `beta`); tied weights need not be there.
 *
 * **Errors**: `NoModel` without a readable `config.json` or weights, `PickledWeights` where they are in PyTorch's own format alone, `UnknownArchitecture`,
 * `InvalidConfig`, `UnknownActivation`, `UnknownRope`, `MissingTensors`, `UnexpectedTensors`, `WrongShape`, `InvalidSafetensors` for a damaged file, and the hub's.
 *
 * **Source**: `from_pretrained`. There missing and unexpected tensors are warnings.
 */
export const load = Effect.fn("Pretrained.load")(function* (
  name: string,
  options: Options = {}
): Effect.fn.Return<Pretrained, PretrainedError, FileSystem.FileSystem | Path.Path> {
  const { folder, files: offered } = yield* Hub.resolve(name, { revision: options.revision, files: isRead })
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const saved = yield* readJson(folder, "config.json")
  const files = new Set([...(yield* fs.readDirectory(folder)), ...offered])
  if (saved === undefined)
    return yield* new NoModel({ folder, reason: files.has(WeightFiles.adapter) ? isAdapter : "it has no config.json" })
  const model = yield* Effect.fromResult(Transformers.make(changed(saved, options.config), options.architecture))
  if (!files.has("model.safetensors") && !files.has("model.safetensors.index.json")) {
    const file = [...files].find((name) => /\.(bin|pt|pth|ckpt)$/.test(name))
    return yield* file === undefined
      ? new NoModel({ folder, reason: files.has(WeightFiles.adapter) ? isAdapter : "it has no model.safetensors" })
      : new PickledWeights({ folder: path.resolve(folder), file, architecture: model.architecture })
  }
  const entries = yield* ShardedSafetensors.entries(folder)
  const sameHead = Array.isArray(saved.architectures) && saved.architectures[0] === model.architecture
  const { pathOf, fresh, unused } = yield* Effect.fromResult(
    match(model, entries, { sameHead, fresh: options.fresh ?? (() => false) })
  )
  const unasked = fresh.filter((path) => options.fresh?.(path) !== true)
  if (unasked.length > 0)
    yield* Effect.logWarning(
      `The files in ${name} have no ${listed(unasked)}: they begin anew in this ${model.architecture}, and it has to be trained before it is used.`
    )
  const { tensors } = yield* ShardedSafetensors.load(folder, (name) => pathOf.has(name))
  const loaded = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [pathOf.get(name)!, tensor]))
  const generation = yield* readJson(folder, GenerationConfigFile.name)
  return {
    folder,
    model: {
      ...(generation === undefined ? model : GenerationConfigFile.attach(model, generation)),
      nameOrPath: name,
      init: (key) => begin(model, loaded, key)
    },
    generation,
    fresh,
    unused
  }
})

/**
 * Writes a model so that transformers loads it: the config, the generation's (the model's own where none is given), and the weights in as many files as they take.
 *
 * **Law**: `load` gives it back. **Errors**: `MissingTensors`, `UnexpectedTensors`, `WrongShape` for parameters that are not the model's, `OutOfRange`, and the
 * file system's. **Source**: `save_pretrained`.
 */
export const save = Effect.fn("Pretrained.save")(function* (
  folder: string,
  options: {
    readonly model: Transformers.Transformer
    readonly parameters: HostTensors
    readonly generation?: Config | undefined
  } & Omit<ShardedSafetensors.Options, "metadata">
): Effect.fn.Return<void, PretrainedError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const { model, parameters, generation = model.generation, ...files } = options
  const entries = Object.entries(parameters).map(([name, { shape }]) => ({ name, shape, dtype: "F32" as const }))
  yield* Effect.fromResult(match(model, entries, { sameHead: true, fresh: () => false }))
  yield* fs.makeDirectory(folder, { recursive: true })
  const dtype = files.stored === undefined ? { dtype: "float32" } : {}
  yield* writeJson(folder, "config.json", { ...model.config, ...dtype })
  if (generation !== undefined) yield* writeJson(folder, GenerationConfigFile.name, generation)
  yield* ShardedSafetensors.save(folder, Tree.pick(parameters, Object.keys(model.blueprint)), {
    ...files,
    metadata: { format: "pt" }
  })
})

const isAdapter = "it holds an adapter alone. Load the base model, and the adapter onto it with LoraFiles.load"

/** Which files of a repository are fetched: what is read here, and by `Tokenizer.load`. */
const isRead = (path: string): boolean =>
  /^(model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|(generation_)?config\.json)$/.test(path) ||
  /^(tokenizer(_config)?\.json|special_tokens_map\.json|chat_template\.jinja)$/.test(path)

/** What the files have, and what begins anew, in the model's order. */
const begin = ({ blueprint }: Transformers.Transformer, loaded: HostTensors, key: Key.Key): HostTensors =>
  Tree.map(blueprint, ({ init, shape }, path): HostTensor => loaded[path] ?? init(Key.fold(key, path), shape))

/** Another number of labels takes the place of the labels' names. */
const changed = (saved: Config, given: Config = {}): Config => {
  const { id2label, label2id, ...rest } = saved
  return given.num_labels === undefined ? { ...saved, ...given } : { ...rest, ...given }
}

const readJson = Effect.fnUntraced(function* (folder: string, file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const at = path.join(folder, file)
  if (!(yield* fs.exists(at))) return undefined
  const text = yield* fs.readFileString(at)
  const refuse = () => new NoModel({ folder, reason: `its ${file} is not a JSON object` })
  const value = yield* Effect.try({ try: () => PythonJson.parse(text), catch: refuse })
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Config) : yield* refuse()
})

const writeJson = Effect.fnUntraced(function* (folder: string, file: string, value: Config) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const sorted = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  yield* fs.writeFileString(path.join(folder, file), `${PythonJson.stringify(sorted, 2)}\n`)
})
