/** Checkpoints of a model with an adapter: PEFT's files, from which the run resumes on the same base weights. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, Result, Stream } from "effect"
import * as FileSystemStore from "../../../src/Checkpoint/FileSystemStore.ts"
import * as LoraFiles from "../../../src/Checkpoint/LoraFiles.ts"
import * as Pretrained from "../../../src/Checkpoint/Pretrained.ts"
import * as Collator from "../../../src/Data/Collator.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loader.ts"
import * as Sampler from "../../../src/Data/Sampler.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Lora from "../../../src/Model/Lora.ts"
import type { Transformer } from "../../../src/Model/Transformer.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Safetensors from "../../../src/Tensor/Safetensors.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"
import { baseShape, planOf, type Shape } from "../../support/plans.ts"
import * as Tiny from "../../support/tiny.ts"
import * as TestModels from "../../support/transformers.ts"

const base = TestModels.make("gpt2", { attn_pdrop: 0.1, resid_pdrop: 0.1 })
const adapt = (model: Transformer, more: Partial<Lora.Settings> = {}) =>
  Result.getOrThrow(Lora.around(model, { rank: 2, alpha: 3, targets: ["c_attn"], ...more }))
const rows = Array.from({ length: 8 }, (_, i) => ({ input_ids: [2, 3 + i, 5], labels: [2, 3 + i, 5] }))
const shape: Shape = { ...baseShape, save: 2 }
const taskOf = (model: Lora.Lora<Transformer>, seed = 3) =>
  Effect.map(
    Loader.make({
      dataset: Dataset.fromArray(rows),
      batchSize: 2,
      collate: Collator.stack(),
      sampler: Sampler.random({ seed: 7 })
    }),
    (train) => Trainer.task({ model, train, seed })
  )
const planFor = (task: Trainer.TrainingTask) => planOf(shape, task.train.batchesPerEpoch)
const within = (directory: string) =>
  Layer.mergeAll(
    Cpu.layer,
    Tiny.optimizer,
    Tiny.logger(),
    NodeServices.layer,
    Layer.provide(FileSystemStore.layer({ directory }), NodeServices.layer)
  )
const folder = () => mkdtempSync(join(tmpdir(), "adapter-"))

it.effect("a checkpoint holds the adapter in PEFT's files, which LoraFiles reads onto the base", () => {
  const at = folder()
  return Effect.gen(function* () {
    const lora = adapt(base)
    const task = { ...(yield* taskOf(lora)) }
    const { weights } = yield* Trainer.train(task, planFor(task), { files: lora.files! })
    const checkpoint = join(at, "checkpoint-8")
    expect(readdirSync(checkpoint).filter((name) => /model|config/.test(name))).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors"
    ])
    const { tensors } = Safetensors.decode(readFileSync(join(checkpoint, "adapter_model.safetensors")))
    expect(Object.keys(tensors).sort()).toEqual(
      Object.keys(weights.parameters)
        .filter(lora.trainable)
        .map((path) => `base_model.model.${path}`)
        .sort()
    )
    const again = yield* LoraFiles.load(checkpoint, base)
    const trained = Tree.filter(weights.parameters, lora.trainable)
    expect(Equal.equals(Tree.filter(again.init(Key.make(1)), lora.trainable), trained)).toBe(true)
    const error = yield* Effect.flip(Pretrained.load(checkpoint))
    expect(error.message).toContain("it holds an adapter alone")
  }).pipe(Effect.provide(within(at)))
})

it.effect("a run that is interrupted and resumed from adapter checkpoints ends with the same bits", () =>
  Effect.gen(function* () {
    const task = yield* taskOf(adapt(base))
    const plan = planFor(task)
    const whole = yield* Trainer.train(task, plan).pipe(Effect.provide(within(folder())))
    const at = folder()
    for (const count of [13, 21]) {
      yield* Trainer.events(task, plan).pipe(Stream.take(count), Stream.runDrain, Effect.provide(within(at)))
    }
    const resumed = yield* Trainer.train(task, plan).pipe(Effect.provide(within(at)))
    expect(Equal.equals(resumed.weights, whole.weights)).toBe(true)
    expect(Equal.equals(resumed.state, whole.state)).toBe(true)
  })
)

it.effect("it is not resumed on other base weights", () => {
  const at = folder()
  return Effect.gen(function* () {
    const task = yield* taskOf(adapt(base))
    yield* Trainer.events(task, planFor(task)).pipe(Stream.take(13), Stream.runDrain)
    const other = yield* taskOf(adapt(base), 4)
    const error = yield* Effect.flip(Trainer.train(other, planFor(other)))
    expect(error._tag).toBe("WrongBaseModel")
    expect(error.message).toContain("Load the same base model")
  }).pipe(Effect.provide(within(at)))
})

it.effect("with wholeWeights it holds the whole model, and resumes", () => {
  const at = folder()
  return Effect.gen(function* () {
    const task = yield* taskOf(adapt(base, { wholeWeights: true }))
    const plan = planFor(task)
    const { weights } = yield* Trainer.train(yield* taskOf(adapt(base)), plan).pipe(Effect.provide(within(folder())))
    yield* Trainer.events(task, plan).pipe(Stream.take(13), Stream.runDrain)
    const { tensors } = Safetensors.decode(readFileSync(join(at, "checkpoint-2", "model.safetensors")))
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(weights.parameters).sort())
    expect(Equal.equals((yield* Trainer.train(task, plan)).weights, weights)).toBe(true)
  }).pipe(Effect.provide(within(at)))
})

it.effect("a parameter that is trained beyond the adapter is refused before step 0", () => {
  const at = folder()
  return Effect.gen(function* () {
    const task = { ...(yield* taskOf(adapt(base))), trainable: () => true }
    const error = yield* Effect.flip(Trainer.train(task, planFor(task)))
    expect(error.message).toContain("transformer.wte.weight is trained, and checkpoints hold the adapter alone")
  }).pipe(Effect.provide(within(at)))
})

it.effect("saveModel writes the adapter, and the best adapter is restored at the end of a training", () => {
  const at = folder()
  return Effect.gen(function* () {
    const lora = adapt(base)
    const dataset = Dataset.fromArray(rows)
    const trainer = yield* Trainer.make({
      model: lora,
      args: {
        outputDir: at,
        maxSteps: 4,
        perDeviceTrainBatchSize: 2,
        learningRate: 0.05,
        saveSteps: 1,
        evalStrategy: "steps",
        evalSteps: 1,
        loadBestModelAtEnd: true,
        metricForBestModel: "loss"
      },
      trainDataset: dataset,
      evalDataset: dataset
    })
    yield* trainer.train()
    const best = (yield* trainer.state).bestCheckpoint!
    const { eval_loss: loss } = yield* trainer.evaluate()
    yield* trainer.saveModel(join(at, "saved"))
    expect(readdirSync(join(at, "saved")).filter((name) => /model|config/.test(name))).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors"
    ])
    for (const place of ["saved", `checkpoint-${best}`]) {
      const loaded = yield* LoraFiles.load(join(at, place), base)
      const model = { ...loaded, init: () => loaded.init(Key.fold(Key.make(42), "parameters")) }
      const other = yield* Trainer.make({ model, args: { outputDir: join(at, "other") }, evalDataset: dataset })
      expect((yield* other.evaluate()).eval_loss).toBeCloseTo(loss!, 5)
    }
  }).pipe(Effect.provide(within(at)))
})
