/** Models from and to folders: names, shapes and formats, and what is wrong with a folder. */
import { NodeServices } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { Effect, FileSystem, Logger, Path } from "effect"
import * as Pretrained from "../../../src/Checkpoint/Pretrained.ts"
import * as ShardedSafetensors from "../../../src/Checkpoint/ShardedSafetensors.ts"
import * as Hub from "../../../src/Layer/Hub/Hubs.ts"
import type { HostTensors } from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"
import * as TestModels from "../../support/transformers.ts"

const key = Key.make(3)
const bert = TestModels.make("bert SequenceClassification")
const weights = bert.init(key)

/** Writes a folder by hand. */
const folderOf = Effect.fnUntraced(function* (
  config: unknown,
  tensors: HostTensors = {},
  options: ShardedSafetensors.Options = {}
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* fs.makeTempDirectoryScoped()
  if (config !== undefined)
    yield* fs.writeFileString(path.join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config))
  if (Object.keys(tensors).length > 0) yield* ShardedSafetensors.save(folder, tensors, options)
  return folder
})
const renamed = (tensors: HostTensors, rename: (path: string) => string): HostTensors =>
  Object.fromEntries(Object.entries(tensors).map(([path, tensor]) => [rename(path), tensor]))
const failure = (folder: string, options?: Pretrained.Options) => Effect.flip(Pretrained.load(folder, options))

layer(NodeServices.layer)("Pretrained", (it) => {
  for (const name of TestModels.names) {
    it.effect(`${name}: saved in shards and loaded, it is the same`, () =>
      Effect.gen(function* () {
        const model = TestModels.make(name)
        const parameters = model.init(key)
        const folder = yield* folderOf(undefined)
        yield* Pretrained.save(folder, { model, parameters, generation: { max_length: 7 }, maxShardBytes: 2000 })
        const loaded = yield* Pretrained.load(folder)
        expect(loaded.model.init(Key.make(4))).toEqual(parameters)
        expect(Object.keys(loaded.model.init(key))).toEqual(Object.keys(parameters))
        expect(loaded.model.config).toEqual({ ...model.config, dtype: "float32" })
        expect(loaded).toMatchObject({ generation: { max_length: 7 }, fresh: [], unused: [] })
      })
    )
  }

  it.effect("half precision is read as float32", () =>
    Effect.gen(function* () {
      const stored = Tree.map(weights, () => "BF16" as const)
      const { model } = yield* Pretrained.load(yield* folderOf(bert.config, weights, { stored }))
      const found = model.init(key)
      for (const [path, { data }] of Object.entries(weights))
        expect(data.every((value, i) => Math.abs(found[path]!.data[i]! - value) <= Math.abs(value) / 128)).toBe(true)
    })
  )

  it.effect("old names, constants and tied weights in files are no trouble; a base model's files need no prefix", () =>
    Effect.gen(function* () {
      const old = renamed(weights, (path) =>
        path.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
      )
      const position_ids = { dtype: "int32", shape: [1, 2], data: Int32Array.of(0, 1) } as const
      const folder = yield* folderOf(bert.config, { ...old, "bert.embeddings.position_ids": position_ids })
      expect((yield* Pretrained.load(folder)).model.init(key)).toEqual(weights)

      const base = renamed(
        Tree.filter(weights, (path) => path.startsWith("bert.")),
        (path) => path.replace("bert.", "")
      )
      const bare = yield* folderOf({ ...bert.config, architectures: ["BertModel"] }, base)
      const loaded = yield* Pretrained.load(bare, { architecture: "BertForSequenceClassification" })
      expect(loaded.fresh).toEqual(["classifier.weight", "classifier.bias"])
      expect(Tree.filter(loaded.model.init(Key.make(9)), (path) => path.startsWith("bert."))).toEqual(
        Tree.filter(weights, (path) => path.startsWith("bert."))
      )
      expect(loaded.model.init(Key.make(9))["classifier.weight"]).not.toEqual(loaded.model.init(Key.make(8))["classifier.weight"])

      const gpt2 = TestModels.make("gpt2")
      const tied = { ...gpt2.init(key), "lm_head.weight": gpt2.init(key)["transformer.wte.weight"]! }
      const unprefixed = renamed(tied, (path) => path.replace("transformer.", ""))
      expect((yield* Pretrained.load(yield* folderOf(gpt2.config, unprefixed))).model.init(key)).toEqual(gpt2.init(key))
    })
  )

  const based = TestModels.names.filter((name) => TestModels.make(name).base !== "")
  for (const name of based) {
    it.effect(
      `${name}: a base model's files, which have no prefix, serve the head, and a warning lists the head as newly initialized`,
      () =>
        Effect.gen(function* () {
          const { architecture, base, config, init } = TestModels.make(name)
          const parameters = init(key)
          const shared = Tree.filter(parameters, (path) => path.startsWith(`${base}.`))
          const [pooler, warnings]: [HostTensors, Array<string>] = [
            { "pooler.dense.bias": bert.init(key)["classifier.bias"]! },
            []
          ]
          const files = {
            ...(architecture === "BertForTokenClassification" ? pooler : {}),
            ...renamed(shared, (path) => path.slice(base.length + 1))
          }
          const folder = yield* folderOf({ ...config, architectures: ["SomeModel"] }, files)
          const logger = Logger.make(({ message }) => void warnings.push(String(message)))
          const loaded = yield* Pretrained.load(folder, { architecture }).pipe(Effect.provide(Logger.layer([logger])))
          const head = Object.keys(parameters).filter((path) => !(path in shared))
          expect(loaded).toMatchObject({ fresh: head, unused: [] })
          expect(Tree.filter(loaded.model.init(Key.make(4)), (path) => path in shared)).toEqual(shared)
          expect(warnings).toHaveLength(head.length === 0 ? 0 : 1)
          for (const path of head.slice(0, 5)) expect(warnings[0]).toContain(path)
          expect((yield* failure(folder)).message).toMatch(/"SomeModel".*name the one that is wanted/)
        })
    )
  }

  it.effect("another head of the family is newly initialized, and unused tensors are listed", () =>
    Effect.gen(function* () {
      const masked = TestModels.make("bert MaskedLM")
      const folder = yield* folderOf(masked.config, masked.init(key))
      const loaded = yield* Pretrained.load(folder, { architecture: "BertForTokenClassification", config: { num_labels: 4 } })
      expect(loaded.fresh).toEqual(["classifier.weight", "classifier.bias"])
      expect(loaded.unused).toContain("cls.predictions.bias")
      expect(loaded.model.init(key)["classifier.weight"]!.shape).toEqual([4, 8])
      const named = yield* folderOf(
        { ...masked.config, id2label: { 0: "no", 1: "yes" }, label2id: { no: 0, yes: 1 } },
        masked.init(key)
      )
      const pooled = yield* Pretrained.load(named, { architecture: "BertForSequenceClassification", config: { num_labels: 4 } })
      expect(pooled.fresh).toEqual(["bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"])
      expect(pooled.model.init(key)["classifier.weight"]!.shape).toEqual([4, 8])
      expect(pooled.model.config).not.toHaveProperty("id2label")
    })
  )

  it.effect("what does not fit is refused by name", () =>
    Effect.gen(function* () {
      const { "classifier.bias": _, ...less } = weights
      expect(yield* failure(yield* folderOf(bert.config, less))).toMatchObject({
        _tag: "MissingTensors",
        tensors: ["classifier.bias"]
      })
      const shared = Tree.filter(weights, (path) => !path.includes("layer.1.output.dense"))
      const another = { architecture: "BertForMaskedLM" }
      expect(yield* failure(yield* folderOf(bert.config, shared), another)).toMatchObject({
        _tag: "MissingTensors",
        tensors: ["bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.1.output.dense.bias"]
      })
      const more = { ...weights, "bert.encoder.layer.2.output.dense.bias": weights["classifier.bias"]! }
      for (const options of [{}, another])
        expect(yield* failure(yield* folderOf(bert.config, more), options)).toMatchObject({
          _tag: "UnexpectedTensors",
          tensors: ["bert.encoder.layer.2.output.dense.bias"]
        })
      const wider = yield* folderOf({ ...bert.config, vocab_size: 20 }, weights)
      expect(yield* failure(wider)).toMatchObject({
        _tag: "WrongShape",
        tensor: "bert.embeddings.word_embeddings.weight",
        expected: "[20,8] of floats",
        found: "[19,8] of F32"
      })
      const counts = { ...weights, "classifier.bias": { dtype: "int32", shape: [3], data: new Int32Array(3) } as const }
      expect(yield* failure(yield* folderOf(bert.config, counts))).toMatchObject({ _tag: "WrongShape", found: "[3] of I32" })
      const whole = yield* folderOf(bert.config, weights)
      expect(yield* failure(whole, { config: { num_labels: 5 } })).toMatchObject({
        _tag: "WrongShape",
        tensor: "classifier.bias"
      })
      const fresh = (path: string) => path.startsWith("classifier.")
      expect((yield* Pretrained.load(whole, { config: { num_labels: 5 }, fresh })).fresh).toEqual([
        "classifier.weight",
        "classifier.bias"
      ])
      const wrong = yield* Effect.flip(Pretrained.save(whole, { model: bert, parameters: less }))
      expect(wrong._tag).toBe("MissingTensors")
    })
  )

  it.effect("a folder without a model, with a pickle, or with a truncated file is refused", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      expect((yield* failure(yield* folderOf(undefined, weights))).message).toMatch(/no config\.json/)
      expect((yield* failure(yield* folderOf("[1]", weights))).message).toMatch(/not a JSON object/)
      expect((yield* failure(yield* folderOf("{", weights)))._tag).toBe("NoModel")
      expect((yield* failure(yield* folderOf(bert.config))).message).toMatch(/no model\.safetensors/)
      const pickled = yield* folderOf(bert.config)
      yield* fs.writeFileString(`${pickled}/pytorch_model.bin`, "")
      const error = yield* failure(pickled)
      expect(error._tag).toBe("PickledWeights")
      expect(error.message).toContain(
        `transformers.BertForSequenceClassification.from_pretrained('${pickled}').save_pretrained('${pickled}')`
      )
      const sharded = yield* folderOf(bert.config, weights, { maxShardBytes: 3000 })
      const shard = (yield* fs.readDirectory(sharded)).filter((file) => file.startsWith("model-")).sort()[1]!
      const bytes = yield* fs.readFile(`${sharded}/${shard}`)
      yield* fs.writeFile(`${sharded}/${shard}`, bytes.subarray(0, bytes.length - 5))
      expect((yield* failure(sharded))._tag).toBe("InvalidSafetensors")
    })
  )

  it.effect("a repository's files are fetched, those that are read alone", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* folderOf(bert.config, weights)
      const files: Record<string, Uint8Array> = { "pytorch_model.bin": new Uint8Array(9), "tokenizer.json": new Uint8Array(2) }
      for (const name of yield* fs.readDirectory(folder)) files[name] = yield* fs.readFile(`${folder}/${name}`)
      const { "model.safetensors": _, ...pickled } = files
      const hub = Hub.memory({ "me/model": files, "me/pickled": pickled })
      const loaded = yield* Pretrained.load("me/model", { revision: "main" }).pipe(Effect.provide(hub))
      expect(loaded.model.init(key)).toEqual(weights)
      expect((yield* fs.readDirectory(loaded.folder)).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"])
      const refused = (name: string, options?: Pretrained.Options) => failure(name, options).pipe(Effect.provide(hub))
      expect(yield* refused("me/pickled")).toMatchObject({ _tag: "PickledWeights", file: "pytorch_model.bin" })
      expect(yield* refused("me/none")).toMatchObject({ _tag: "NotOnHub", what: "repository" })
      expect(yield* refused("me/model", { revision: "v2" })).toMatchObject({ _tag: "NotOnHub", what: "revision" })
    })
  )

  it.effect("a config that is not known is refused by the field", () =>
    Effect.gen(function* () {
      const refusal = (more: object) =>
        Effect.flatMap(folderOf({ ...bert.config, ...more }, weights), (folder) => failure(folder))
      expect(yield* refusal({ architectures: ["BartModel"], model_type: "bart" })).toMatchObject({
        _tag: "UnknownArchitecture",
        architecture: "BartModel",
        modelType: "bart"
      })
      expect(yield* refusal({ model_type: "roberta" })).toMatchObject({ _tag: "InvalidConfig", field: "model_type" })
      expect(yield* refusal({ hidden_act: "geluu" })).toMatchObject({ _tag: "UnknownActivation", activation: "geluu" })
      expect(yield* refusal({ hidden_size: 8.5 })).toMatchObject({ _tag: "InvalidConfig", field: "hidden_size" })
      expect(yield* refusal({ num_attention_heads: 3 })).toMatchObject({ _tag: "InvalidConfig", field: "num_attention_heads" })
      expect(yield* refusal({ hidden_dropout_prob: 1 })).toMatchObject({ _tag: "InvalidConfig", field: "hidden_dropout_prob" })
      expect(yield* refusal({ position_embedding_type: "relative_key" })).toMatchObject({
        _tag: "InvalidConfig",
        field: "position_embedding_type"
      })
      const llama = TestModels.make("llama")
      const rope = yield* folderOf({ ...llama.config, rope_scaling: { rope_type: "longrope", factor: 2 } })
      expect(yield* failure(rope)).toMatchObject({ _tag: "UnknownRope" })
    })
  )
})
