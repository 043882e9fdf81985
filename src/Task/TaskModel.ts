/** The pretrained model and tokenizer of a task. */
import { Effect, FileSystem, Path, Result } from "effect"
import * as Pretrained from "../Checkpoint/Pretrained.ts"
import * as Hub from "../Layer/Hub/Hub.ts"
import type { Config } from "../Model/Config.ts"
import * as Transformers from "../Model/Transformers.ts"
import * as Tokenizer from "../Tokenizer/Tokenizers.ts"
import { NoHead, NoTaskData, OtherLabels } from "./Errors.ts"

export interface Settings {
  readonly modelNameOrPath: string | null
  readonly modelRevision: string
  readonly configName: string | null
  readonly tokenizerName: string | null
  readonly ignoreMismatchedSizes: boolean
}

export interface Base {
  readonly tokenizer: Tokenizer.Tokenizer
  /** The saved config. */
  readonly config: Config
  /** The labels of the saved config in order of their ids, if its head is that of the task. */
  readonly labels: ReadonlyArray<string> | undefined
  /** The maximum number of tokens that the model and the tokenizer accept. */
  readonly length: number
  /** Makes the model, with fields of the config replaced. */
  readonly model: (config: Config) => Effect.Effect<Transformers.Transformer, ModelError, FileSystem.FileSystem | Path.Path>
}

export type ModelError = Pretrained.PretrainedError | NoHead | NoTaskData | OtherLabels

/** The architecture with the head of the task, by model type. */
export type Heads = Readonly<Record<string, string>>

/** Gives the architectures of the encoders with a head, such as `TokenClassification`. */
export const encoders = (head: string): Heads =>
  Object.fromEntries(
    Transformers.architectures()
      .filter((name) => name.endsWith(`For${head}`))
      .map((name) => [name.slice(0, -`For${head}`.length).toLowerCase(), name])
  )

/**
 * Resolves the model, and loads its config and tokenizer.
 *
 * **Errors**: `NoTaskData` if no model is given, `NoHead`, those of the hub and of the tokenizer, `NoModel` without a config.
 */
export const open = Effect.fnUntraced(function* (task: string, heads: Heads, settings: Settings) {
  const { configName, modelNameOrPath: name, modelRevision: revision, tokenizerName } = settings
  const named = configName ?? name
  if (named === null) {
    const reason = `--model_name_or_path is missing: ${task} needs the folder of a model, its name on the hub, or --config_name to begin at random.`
    return yield* new NoTaskData({ reason })
  }
  const config = yield* readConfig(named, revision)
  const modelType = String(config.model_type)
  const architecture = Object.hasOwn(heads, modelType) ? heads[modelType]! : undefined
  if (architecture === undefined) return yield* new NoHead({ model: named, modelType, task, known: Object.keys(heads) })
  const from = tokenizerName ?? name ?? named
  const { folder } = yield* Hub.resolve(from, { revision, files: isTokenizer })
  const tokenizer = yield* Tokenizer.load(folder)
  const labels = architecture === firstOf(config) ? labelsOf(config) : undefined
  const base: Base = {
    tokenizer,
    config,
    labels,
    length: Math.min(tokenizer.maxLength ?? Infinity, positionsOf(config)),
    model: Effect.fnUntraced(function* (
      changes: Config
    ): Effect.fn.Return<Transformers.Transformer, ModelError, FileSystem.FileSystem | Path.Path> {
      const wanted = countOf(changes)
      if (wanted === 0)
        return yield* new NoTaskData({
          reason: `The model in ${named} was not trained for ${task}: it names no labels. Train it first, with --do_train and --train_file, or name one that was.`
        })
      if (name === null) return yield* Effect.fromResult(Transformers.make({ ...config, ...changes }, architecture))
      const other = labels !== undefined && wanted !== undefined && wanted !== labels.length
      if (other && !settings.ignoreMismatchedSizes) return yield* new OtherLabels({ model: name, there: labels.length, wanted })
      const made = Result.getOrUndefined(Transformers.make({ ...config, ...changes }, architecture))
      const { model } = yield* Pretrained.load(name, {
        architecture,
        revision,
        config: { ...config, ...changes },
        ...(other && made !== undefined ? { fresh: (path: string) => !path.startsWith(`${made.base}.`) } : {})
      })
      return model
    })
  }
  return base
})

/** Gives the config fields of labels: `id2label` and `label2id`. */
export const labelled = (labels: ReadonlyArray<string>): Config => ({
  id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
  label2id: Object.fromEntries(labels.map((label, id) => [label, id]))
})

/** Gives the padding option of a collator: to `length` for `--pad_to_max_length`, else to the longest row. */
export const padding = (all: boolean, length: number) => (all ? { length } : {})

const readConfig = Effect.fnUntraced(function* (name: string, revision: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { folder } = yield* Hub.resolve(name, { revision, files: (file) => file === "config.json" })
  const file = path.join(folder, "config.json")
  const refuse = (reason: string) => new Pretrained.NoModel({ folder, reason })
  const text = yield* Effect.mapError(fs.readFileString(file), () => refuse("it has no config.json that can be read"))
  const value = yield* Effect.try({ try: () => JSON.parse(text) as unknown, catch: () => refuse("its config.json is not JSON") })
  return typeof value === "object" && value !== null ? (value as Config) : yield* refuse("its config.json is no object")
})

const isTokenizer = (file: string) => /^(tokenizer(_config)?\.json|special_tokens_map\.json|chat_template\.jinja)$/.test(file)

const firstOf = ({ architectures }: Config) => (Array.isArray(architectures) ? architectures[0] : undefined)

const labelsOf = ({ id2label, num_labels }: Config): ReadonlyArray<string> => {
  if (typeof id2label === "object" && id2label !== null)
    return Object.entries(id2label)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, label]) => String(label))
  return Array.from({ length: typeof num_labels === "number" ? num_labels : 2 }, (_, id) => `LABEL_${id}`)
}

const countOf = ({ id2label }: Config) =>
  typeof id2label === "object" && id2label !== null ? Object.keys(id2label).length : undefined

/** Gives the number of positions. RoBERTa's start after the pad token. */
const positionsOf = (config: Config): number => {
  const positions = config.max_position_embeddings ?? config.n_positions
  if (typeof positions !== "number") return Infinity
  return config.model_type === "roberta" ? positions - Number(config.pad_token_id ?? 1) - 1 : positions
}
