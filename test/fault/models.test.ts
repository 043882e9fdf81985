/** What can be wrong with a model, its files and its data: a typed error that says what to do, before step 0, and nothing left on the disk. */
import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, type Scope } from "effect"
import { Collator, Dataset } from "../../src/data.ts"
import { Callback, CheckpointStore, Device, Logger, Trainer } from "../../src/index.ts"
import { type HostTensor, Key } from "../../src/nn.ts"
import { Hub, Pretrained, ShardedSafetensors, Tokenizer, type Transformers } from "../../src/transformers.ts"
import * as HubServer from "../support/hubServer.ts"
import * as TestModels from "../support/transformers.ts"

const bert = TestModels.make("bert SequenceClassification")
const weights = bert.init(Key.make(1))
const row = (token: number, label: number, length = 4) => ({ input_ids: Array<number>(length).fill(token), labels: label })
type Row = ReturnType<typeof row>
const good = Array.from({ length: 12 }, (_, i) => row(2 + i, i % 3))

interface Given {
  readonly train?: ReadonlyArray<Row>
  readonly evaluated?: ReadonlyArray<Row>
  readonly tokenizer?: Tokenizer.Tokenizer
  readonly pretrained?: Pretrained.Options
}

/** Loads a model and trains it, as a user does; gives the error, and what was done before it. */
const attempt = Effect.fnUntraced(function* (name: string, given: Given = {}, hub: Layer.Layer<never> = Hub.memory({})) {
  const fs = yield* FileSystem.FileSystem
  const directory = `${yield* fs.makeTempDirectoryScoped()}/run`
  const events: Array<string> = []
  const program = Effect.gen(function* () {
    const { model } = yield* Pretrained.load(name, given.pretrained)
    const trainer = yield* Trainer.make({
      model,
      args: {
        maxSteps: 12,
        perDeviceTrainBatchSize: 1,
        evalStrategy: "steps",
        evalSteps: 12,
        saveSteps: 1,
        outputDir: directory
      },
      trainDataset: Dataset.fromArray(given.train ?? good),
      evalDataset: Dataset.fromArray(given.evaluated ?? good),
      dataCollator: Collator.stack(),
      ...(given.tokenizer === undefined ? {} : { tokenizer: given.tokenizer }),
      callbacks: [Callback.make({ onTrainBegin: () => void events.push("begun"), onStepEnd: () => void events.push("step") })]
    })
    return yield* trainer.train()
  })
  const layers = Layer.mergeAll(Device.cpu, CheckpointStore.fileSystem({ directory }), Logger.none, hub)
  const exit = yield* Effect.result(Effect.provide(program, layers, { local: true }))
  const left = (yield* fs.exists(directory)) ? yield* fs.readDirectory(directory) : []
  return { exit, events, left }
})

/** A folder with a model, one file of which was changed. */
const folderOf = Effect.fnUntraced(function* (
  config: Transformers.Config = bert.config,
  tensors: HostTensor.HostTensors = weights,
  options: ShardedSafetensors.Options = {}
) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  yield* fs.writeFileString(`${folder}/config.json`, JSON.stringify(config))
  yield* ShardedSafetensors.save(folder, tensors, options)
  return folder
})

type Attempt = ReturnType<typeof attempt>
type Cause = readonly [
  what: string,
  tag: string,
  advice: RegExp,
  run: Effect.Effect<Effect.Success<Attempt>, unknown, NodeServices.NodeServices | Scope.Scope>
]

const onHub = (options: { readonly endpoint?: string; readonly token?: string }) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { endpoint } = yield* HubServer.serve({ "me/gated": { files: { "config.json": "{}" }, gated: true } })
    const cache = yield* fs.makeTempDirectoryScoped()
    return yield* attempt("me/gated", {}, Hub.layer({ endpoint, cache, offline: false, ...options }))
  })
const onFolder = (given: Given) => Effect.flatMap(folderOf(), (folder) => attempt(folder, given))

const cut = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* folderOf(bert.config, weights, { maxShardBytes: 3000 })
  const shard = (yield* fs.readDirectory(folder)).filter((file) => file.startsWith("model-")).sort()[1]!
  const bytes = yield* fs.readFile(`${folder}/${shard}`)
  yield* fs.writeFile(`${folder}/${shard}`, bytes.subarray(0, bytes.length - 5))
  return yield* attempt(folder)
})

const causes: ReadonlyArray<Cause> = [
  ["no network", "HubUnreachable", /Check the network/, onHub({ endpoint: "http://127.0.0.1:1" })],
  ["a gated repository", "NoAccess", /Ask for access/, onHub({ token: "" })],
  ["a token without access", "NoAccess", /Ask for access/, onHub({ token: "hf_other" })],
  ["a wrong token", "InvalidToken", /Make a new one/, onHub({ token: "hf_wrong" })],
  [
    "another architecture",
    "UnknownArchitecture",
    /Known are/,
    Effect.flatMap(folderOf({ ...bert.config, architectures: ["BartModel"], model_type: "bart" }), (folder) => attempt(folder))
  ],
  [
    "a config of one family, asked for as another",
    "InvalidConfig",
    /model_type/,
    Effect.flatMap(folderOf(), (folder) => attempt(folder, { pretrained: { architecture: "GPT2LMHeadModel" } }))
  ],
  [
    "weights of another architecture",
    "MissingTensors",
    /Check that config and files belong together/,
    Effect.flatMap(folderOf(bert.config, TestModels.make("gpt2").init(Key.make(1))), (folder) => attempt(folder))
  ],
  ["a truncated shard", "InvalidSafetensors", /download or save it again/, cut],
  [
    "a tokenizer beyond the vocabulary",
    "TokenizerMismatch",
    /ResizeTokenEmbeddings\.resize/,
    onFolder({ tokenizer: Tokenizer.bytes() })
  ],
  ["a label beyond the classes", "DataError", /row 10.*label 3.*0 to 2/, onFolder({ train: good.with(10, row(3, 3)) })],
  ["the same in evaluation", "DataError", /row 10.*label 3.*0 to 2/, onFolder({ evaluated: good.with(10, row(3, 3)) })],
  ["a token beyond the vocabulary", "DataError", /row 9.*token 19/, onFolder({ train: good.with(9, row(19, 0)) })],
  ["a sequence too long", "DataError", /row 11.*17 tokens.*truncate it/, onFolder({ train: good.with(11, row(3, 0, 17)) })],
  [
    "an unknown activation",
    "UnknownActivation",
    /Known are gelu/,
    Effect.flatMap(folderOf({ ...bert.config, hidden_act: "geluu" }), (folder) => attempt(folder))
  ]
]

describe("before step 0", () => {
  for (const [what, tag, advice, run] of causes) {
    it.live(`${what}: ${tag}`, () =>
      Effect.gen(function* () {
        const { exit, events, left } = yield* run
        expect(exit).toMatchObject({ _tag: "Failure", failure: { _tag: tag, message: expect.stringMatching(advice) } })
        expect([events, left]).toEqual([[], []])
      }).pipe(Effect.provide(NodeServices.layer))
    )
  }

  it.live("what a collator mends is no fault, and rows that are made when they are read are looked at in their batch", () =>
    Effect.gen(function* () {
      const { model } = yield* Pretrained.load(yield* folderOf())
      const events: Array<string> = []
      const train = (trainDataset: Dataset.Dataset<Row>, dataCollator: Collator.Collator<Row>) =>
        Effect.gen(function* () {
          const trainer = yield* Trainer.make({
            model,
            args: { numTrainEpochs: 1, perDeviceTrainBatchSize: 1, saveStrategy: "no", dataSeed: 1 },
            trainDataset,
            dataCollator,
            callbacks: [Callback.make({ onStepEnd: () => void events.push("step") })]
          })
          return yield* Effect.result(trainer.train())
        }).pipe(Effect.provide(Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none), { local: true }))
      const long = Dataset.fromArray(good.with(11, row(3, 0, 17)))
      const cutting: Collator.Collator<Row> = (rows, indices) =>
        Collator.stack()(
          rows.map((one) => ({ ...one, input_ids: one.input_ids.slice(0, 16) })),
          indices
        )
      expect((yield* train(long, cutting))._tag).toBe("Success")
      expect(events).toHaveLength(12)
      const made = long.pipe(Dataset.map((one) => one))
      expect(yield* train(made, Collator.stack())).toMatchObject({ _tag: "Failure", failure: { _tag: "DataError", row: 11 } })
      expect(events.length).toBeLessThan(24)
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
