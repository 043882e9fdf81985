/** Where a Seq2SeqTrainer's generation config comes from and goes to, what fills texts up, and the same with promises. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import type * as Seq2SeqArguments from "../../../src/Arguments/Seq2SeqArguments.ts"
import * as GenerationConfigFile from "../../../src/Checkpoint/GenerationConfigFile.ts"
import { Collator, Dataset } from "../../../src/data.ts"
import { writing } from "../../../src/HuggingFaceTrainer/Seq2SeqClass.ts"
import * as Seq2SeqTrainer from "../../../src/HuggingFaceTrainer/Seq2SeqTrainer.ts"
import { CheckpointStore, Device, Logger } from "../../../src/index.ts"
import type { Transformer } from "../../../src/Model/Transformer.ts"
import * as Transformers from "../../../src/Model/Transformers.ts"
import { EvalPrediction, ExactMatch, Metric } from "../../../src/metrics.ts"
import { Seq2SeqTrainer as Promised } from "../../../src/promise.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { Pretrained, Tokenizer } from "../../../src/transformers.ts"

const config = { model_type: "t5", vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2, eos_token_id: 1 }
const model = Result.getOrThrow(Transformers.make({ ...config, decoder_start_token_id: 0 }, "T5ForConditionalGeneration"))
const rows = [
  { input_ids: [5, 6, 1], attention_mask: [1, 1, 1], labels: [6, 5, 1] },
  { input_ids: [7, 8, 1], attention_mask: [1, 1, 1], labels: [8, 7, 1] }
]
const layers = Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none, NodeServices.layer)
const folder = () => mkdtempSync(join(tmpdir(), "seq2seq-"))

const trainerOf = (args: Seq2SeqArguments.Input, own: Transformer = model) =>
  Seq2SeqTrainer.make({
    model: own,
    args: { predictWithGenerate: true, maxSteps: 1, ...args },
    trainDataset: Dataset.fromArray(rows)
  })

const width = (args: Seq2SeqArguments.Input, asked: object = {}, own?: Transformer) =>
  Effect.gen(function* () {
    const { predictions } = yield* (yield* trainerOf(args, own)).predict(Dataset.fromArray(rows), asked)
    return EvalPrediction.take(predictions!).shape[1]
  })

describe("generationConfig", () => {
  it.effect("is a file, or a folder with one, and has precedence over the model's", () =>
    Effect.gen(function* () {
      const at = folder()
      writeFileSync(join(at, "generation_config.json"), '{ "max_length": 7, "own": { "kept": [1] } }')
      writeFileSync(join(at, "other.json"), '{ "max_length": 9 }')
      expect(yield* width({ generationConfig: at })).toBe(7)
      expect(yield* width({ generationConfig: join(at, "other.json") })).toBe(9)
      const filed = GenerationConfigFile.attach(model, { max_length: 5, num_beams: 2 })
      expect(yield* width({}, {}, filed)).toBe(5)
      expect(yield* width({ generationConfig: at }, {}, filed)).toBe(7)
      expect(yield* width({ generationConfig: at, generationMaxLength: 6 }, { maxLength: 8, minLength: 8 })).toBe(8)
      expect(yield* width({ generationConfig: at, generationMaxLength: 6 }, { maxLength: undefined })).toBe(7)
    }).pipe(Effect.provide(layers, { local: true }))
  )

  it.effect("is saved with the model and its checkpoints, with unknown fields", () => {
    const at = folder()
    return Effect.gen(function* () {
      const filed = GenerationConfigFile.attach(model, { num_beams: 2, own: { kept: [1] }, max_length: 5 })
      const trainer = yield* trainerOf({ generationConfig: { max_length: 6 }, outputDir: at, saveSteps: 1 }, filed)
      yield* trainer.train()
      yield* trainer.saveModel(join(at, "model"))
      for (const path of ["model", "checkpoint-1"]) {
        const text = readFileSync(join(at, path, "generation_config.json"), "utf8")
        expect(JSON.parse(text)).toEqual({ num_beams: 2, own: { kept: [1] }, max_length: 6 })
      }
      const { generation, model: loaded } = yield* Pretrained.load(join(at, "model"))
      expect(loaded.generation).toEqual(generation)
      yield* Pretrained.save(join(at, "again"), { model: loaded, parameters: loaded.init(Key.make(0)) })
      expect(JSON.parse(readFileSync(join(at, "again", "generation_config.json"), "utf8"))).toEqual(generation)
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          Device.cpu,
          Logger.none,
          NodeServices.layer,
          CheckpointStore.fileSystem({ directory: at }).pipe(Layer.provide(NodeServices.layer))
        ),
        { local: true }
      )
    )
  })

  it.effect("has the model's token ids if the model had no file", () =>
    Effect.gen(function* () {
      const at = folder()
      yield* (yield* trainerOf({ generationConfig: { num_beams: 3 }, outputDir: at })).saveModel()
      const text = readFileSync(join(at, "generation_config.json"), "utf8")
      expect(JSON.parse(text)).toEqual({ eos_token_id: 1, decoder_start_token_id: 0, num_beams: 3 })
    }).pipe(Effect.provide(layers, { local: true }))
  )

  it.effect.each<[string, Seq2SeqArguments.Input, RegExp]>([
    ["no file", { generationConfig: "no/such/folder" }, /generation_config .*no such file or folder/],
    ["a folder without one", { generationConfig: tmpdir() }, /has no generation_config.json/],
    ["a name that there is not", { generationConfig: { num_beamz: 2 } }, /num_beamz/],
    ["a value that cannot be", { generationConfig: { num_beams: 0 } }, /numBeams/],
    ["what does not go together", { generationConfig: { do_sample: true }, generationNumBeams: 2 }, /numBeams 1/]
  ])("%s is refused when the Trainer is made", ([, args, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(trainerOf(args))
      expect(error.message).toMatch(message)
      expect(error.message).toContain("generation_config")
    }).pipe(Effect.provide(layers, { local: true }))
  )
})

it.effect("scores the generated sequences with metric objects, as computeMetrics does", () =>
  Effect.gen(function* () {
    const decode = (ids: ReadonlyArray<number>) => ids.filter((id) => id > 1).join(" ")
    const metric = ExactMatch.make({ decode })
    const teacherForced = Metric.prefix(ExactMatch.make({ decode, predictions: "logits" }), "forced")
    const trainer = yield* trainerOf({ generationMaxLength: 5 })
    const { predictions } = yield* trainer.predict(Dataset.fromArray(rows))
    const { data, shape } = EvalPrediction.take(predictions!)
    const generated = rows.map((_, row) => [...data.slice(row * shape[1]!, (row + 1) * shape[1]!)].filter((id) => id > 1))
    const labelled = Dataset.fromArray(
      rows.map((row, i) => ({ ...row, labels: [...(generated[i]!.length === 0 ? [1] : generated[i]!)] }))
    )
    const measured = yield* Seq2SeqTrainer.make({
      model,
      args: { predictWithGenerate: true, generationMaxLength: 5 },
      metrics: [metric, teacherForced],
      dataCollator: Collator.seq2seq({ padToken: 0 }),
      evalDataset: labelled
    })
    expect((yield* measured.evaluate()).eval_exact_match).toBe(1)
    expect((yield* measured.predict(labelled)).metrics.test_exact_match).toBe(1)
    expect((yield* measured.evaluate({ maxLength: 2 })).eval_exact_match).toBe(0.5) // one of the texts is longer
  }).pipe(Effect.provide(layers, { local: true }))
)

it.effect("rejects an unknown setting, and several sequences per row", () =>
  Effect.gen(function* () {
    const messageOf = (asked: object) => Effect.map(Effect.flip(width({}, asked)), ({ message }) => message)
    expect(yield* messageOf({ numBeamz: 2 })).toBe("predict has no option numBeamz. Did you mean numBeams?")
    expect(yield* messageOf({ predictionLossOnly: true })).toContain(
      "There are: evalDataset, ignoreKeys, metricKeyPrefix, maxLength"
    )
    expect(yield* messageOf({ numBeams: 2, numReturnSequences: 2 })).toContain("one text a row")
  }).pipe(Effect.provide(layers, { local: true }))
)

it.effect("rejects an unknown option with a suggestion, with and without predictWithGenerate", () =>
  Effect.gen(function* () {
    for (const predictWithGenerate of [true, false]) {
      const trainer = yield* trainerOf({ predictWithGenerate })
      const asked = { evalDataset: Dataset.fromArray(rows), maxLenght: 5 }
      const byName = yield* Effect.flip(trainer.evaluate(asked))
      expect(byName.message).toBe("evaluate has no option maxLenght. Did you mean maxLength?")
      const misspelt: object = { metricKeyPrefx: "x" }
      const after = yield* Effect.flip(trainer.evaluate(Dataset.fromArray(rows), misspelt))
      expect(after.message).toBe("evaluate has no option metricKeyPrefx. Did you mean metricKeyPrefix?")
      const known = yield* trainer.evaluate(Dataset.fromArray(rows), { metricKeyPrefix: "x", maxLength: 5 })
      expect(Object.keys(known)).toContain("x_loss")
    }
  }).pipe(Effect.provide(layers, { local: true }))
)

it("rejects an unknown option with promises too", async () => {
  const trainer = await Promised.make({ model, args: { maxSteps: 1, outputDir: folder() }, trainDataset: rows })
  const misspelt: object = { metricKeyPrefx: "x" }
  await expect(trainer.evaluate(rows, misspelt)).rejects.toThrow(/metricKeyPrefix\?/)
  await expect(trainer.predict(rows, misspelt)).rejects.toThrow(/metricKeyPrefix\?/)
  await trainer.close()
})

it.effect("samples differently for each batch, and the same each time", () =>
  Effect.gen(function* () {
    const trainer = yield* trainerOf({ perDeviceEvalBatchSize: 1 })
    const alike = Dataset.fromArray([rows[0]!, rows[0]!])
    const drawn = Effect.map(trainer.predict(alike, { doSample: true, minLength: 20 }), ({ predictions }) =>
      EvalPrediction.take(predictions!)
    )
    const { data, shape } = yield* drawn
    expect(data.slice(0, shape[1])).not.toEqual(data.slice(shape[1]))
    expect((yield* drawn).data).toEqual(data)
  }).pipe(Effect.provide(layers, { local: true }))
)

it.effect("pads texts to the maximum length of the model's settings", () =>
  Effect.gen(function* () {
    const news = GenerationConfigFile.attach(model, { max_new_tokens: 30 })
    expect(yield* width({}, { maxNewTokens: 24, minNewTokens: 24 }, news)).toBe(31)
    expect(yield* width({}, { maxNewTokens: 3 }, news)).toBe(20)
    const { padLabels } = writing(model, { maxLength: 4 }, { pad: 9 })
    expect(padLabels({ dtype: "int32", shape: [1, 2], data: Int32Array.of(6, 1) }).data).toEqual(Int32Array.of(6, 1, 9, 9))
  }).pipe(Effect.provide(layers, { local: true }))
)

it.effect("pads generated sequences with the tokenizer's pad token, or its end token; without a tokenizer with the model's", () =>
  Effect.gen(function* () {
    const last = (special: Tokenizer.Tokenizer["special"] | undefined, own: Transformer = model) =>
      Effect.gen(function* () {
        const tokenizer = special === undefined ? {} : { tokenizer: { ...Tokenizer.bytes(), vocabularySize: 12, special } }
        const args = { predictWithGenerate: true, maxSteps: 1 }
        const trainer = yield* Seq2SeqTrainer.make({ model: own, args, ...tokenizer, dataCollator: Collator.stack() })
        const { predictions } = yield* trainer.predict(Dataset.fromArray(rows), { maxLength: 3 })
        return EvalPrediction.take(predictions!).data.at(-1)
      })
    expect(yield* last(undefined)).toBe(0)
    expect(yield* last({ pad: 9 })).toBe(9)
    expect(yield* last({ eos: 7 })).toBe(7)
    expect(yield* last({}, GenerationConfigFile.attach(model, { pad_token_id: 5 }))).toBe(5)
    const unlike = Dataset.fromArray(Array.from({ length: 10 }, (_, id) => ({ ...rows[0]!, input_ids: [id + 2, id + 2, 1] })))
    const { padTokenId: _, ...bare } = model
    const error = yield* Effect.flip(last(undefined, bare))
    expect(error.message).toContain("there is no pad token")

    const trainer = yield* Seq2SeqTrainer.make({
      model,
      args: { predictWithGenerate: true, perDeviceEvalBatchSize: 10 },
      tokenizer: { ...Tokenizer.bytes(), vocabularySize: 12, special: { pad: 9 } },
      dataCollator: Collator.stack()
    })
    const texts = (eosTokenId: number | null) =>
      Effect.map(
        trainer.predict(unlike, { maxLength: 4, eosTokenId }),
        ({ predictions }) =>
          HostTensor.toArray(EvalPrediction.take(predictions!) as HostTensor.HostTensor) as ReadonlyArray<ReadonlyArray<number>>
      )
    const first = (yield* texts(null)).map((text) => text[1]!)
    expect(new Set(first).size).toBeGreaterThan(1)
    const ended = (yield* texts(first[0]!)).filter((text) => text[1] === first[0])
    for (const text of ended) expect(text.slice(2, 4)).toEqual([9, 9])
  }).pipe(Effect.provide(layers, { local: true }))
)

it("accepts arrays of rows, and generation settings with the options of evaluate, with promises", async () => {
  const trainer = await Promised.make({
    model,
    args: { predictWithGenerate: true, maxSteps: 1 },
    trainDataset: rows,
    evalDataset: rows,
    layers
  })
  await trainer.train()
  const { metrics, predictions } = await trainer.predict(rows, { maxLength: 25, minLength: 25, metricKeyPrefix: "mine" })
  expect(EvalPrediction.take(predictions!).shape).toEqual([2, 25])
  expect(metrics.mine_loss).toBeGreaterThan(0)
  expect((await trainer.evaluate({ numBeams: 2 })).eval_loss).toBeGreaterThan(0)
  expect((await trainer.evaluate({ one: rows }, { maxLength: 3 })).eval_one_loss).toBeGreaterThan(0)
  await expect(trainer.predict(rows, { numBeams: 0 })).rejects.toThrow(/numBeams/)
  await trainer.close()
})

it("pads labels of other lengths with the tokenizer; without one the error names the collator", async () => {
  const uneven = [rows[0]!, { input_ids: [7, 1], attention_mask: [1, 1], labels: [8, 7, 6, 1] }]
  const tokenizer = { ...Tokenizer.bytes(), vocabularySize: 12, special: { pad: 9 } }
  const options = { model, args: { maxSteps: 1, labelSmoothingFactor: 0.1 }, trainDataset: uneven, layers }
  const trainer = await Promised.make({ ...options, tokenizer })
  expect((await trainer.train()).globalStep).toBe(1)
  await trainer.close()
  const bare = await Promised.make(options)
  await expect(bare.train()).rejects.toThrow(/Collator.seq2seqFor/)
  await bare.close()
})
