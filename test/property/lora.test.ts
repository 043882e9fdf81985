/** Laws of adapters, over all transformers. */
import "@tensorflow/tfjs-backend-cpu"
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, Result, Stream } from "effect"
import { afterAll, beforeAll, describe } from "vitest"
import * as CheckpointStore from "../../src/Checkpoint/Stores.ts"
import * as Collator from "../../src/Data/Collator.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Loader from "../../src/Data/Loader.ts"
import * as Sampler from "../../src/Data/Sampler.ts"
import * as Generation from "../../src/Evaluation/Generation.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as Optimizer from "../../src/Layer/Optimizer.ts"
import * as Lora from "../../src/Model/Lora.ts"
import type { Model } from "../../src/Model/Model.ts"
import type { Transformer } from "../../src/Model/Transformers.ts"
import * as Step from "../../src/Step/Step.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import * as Random from "../../src/Tensor/Random.ts"
import { type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as Tree from "../../src/Tensor/Tree.ts"
import { baseShape, planOf, type Shape } from "../support/plans.ts"
import * as Tiny from "../support/tiny.ts"
import * as TestModels from "../support/transformers.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

/** Two dense layers of each family. */
const targets: Readonly<Record<string, ReadonlyArray<string>>> = {
  bert: ["query", "output.dense"],
  roberta: ["query", "output.dense"],
  electra: ["query", "output.dense"],
  distilbert: ["q_lin", "ffn.lin1"],
  gpt2: ["c_attn", "mlp.c_proj"],
  llama: ["q_proj", "down_proj"],
  mistral: ["q_proj", "down_proj"],
  qwen2: ["q_proj", "down_proj"],
  t5: ["SelfAttention.q", "wo"]
}
const targetsOf = ({ modelType }: Transformer) => {
  const found = targets[modelType]
  if (found === undefined) throw new Error(`targets above has no line for ${modelType}: add two of its dense layers`)
  return found
}
const adapt = (model: Transformer, more: Partial<Lora.Settings> = {}) =>
  Result.getOrThrow(Lora.around(model, { rank: 2, alpha: 3, targets: targetsOf(model), ...more }))

/** An adapter that was trained for a while: no matrix is zero. */
const trained = (lora: Lora.Lora): HostTensor.HostTensors =>
  Tree.map(lora.init(Key.make(5)), (tensor, path) =>
    path.endsWith(".lora_B.weight") ? Random.normal(Key.fold(Key.make(6), path), tensor.shape) : tensor
  )
const fields = { input_ids: [[7, 3, 9, 4]], labels: [[7, 3, 9, 4]], start_positions: [1], end_positions: [2] }
const batchOf = ({ architecture, labels = [] }: Transformer): HostTensor.HostTensors => {
  const given = { ...fields, ...(architecture.endsWith("SequenceClassification") ? { labels: [1] } : {}) }
  const wanted = ["input_ids", ...labels] as ReadonlyArray<keyof typeof given>
  const tokens = architecture.endsWith("TokenClassification") ? { labels: [[1, 0, 2, 1]] } : {}
  return Tree.map({ ...Tree.pick(given, wanted), ...tokens }, (rows) => HostTensor.fromArray(rows, "int32"))
}
const outputs = (model: Model, parameters: HostTensor.HostTensors, batch: HostTensor.HostTensors): HostTensor.HostTensors => {
  const device = tf.tidy(() => {
    const context = { training: false, key: Key.make(0), buffers: {} }
    const { outputs, loss } = model.apply(HostTensor.toDevice(parameters), HostTensor.toDevice(batch), context)
    return { ...outputs, loss: loss!.sum }
  })
  const host = HostTensor.fromDevice(device)
  tf.dispose(device)
  return host
}

describe.each(TestModels.names)("%s", (name) => {
  const model = TestModels.make(name)
  const batch = batchOf(model)

  it("at first it does what its base does, to the bit", () => {
    const lora = adapt(model)
    const parameters = lora.init(Key.make(5))
    expect(Tree.pick(parameters, Object.keys(model.blueprint))).toEqual(model.init(Key.make(5)))
    expect(outputs(lora, parameters, batch)).toEqual(outputs(model, model.init(Key.make(5)), batch))
  })

  it.each([false, true])("merged it does the same (rslora: %s)", (rslora) => {
    const lora = adapt(model, { rslora })
    const parameters = trained(lora)
    const merged = Lora.merge(lora, parameters)
    expect(Object.keys(merged)).toEqual(Object.keys(model.blueprint))
    const [expected, found] = [outputs(lora, parameters, batch), outputs(model, merged, batch)]
    for (const [path, { data }] of Object.entries(expected))
      data.forEach((value, i) => {
        expect(Math.abs(value - found[path]!.data[i]!), path).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)))
      })
    const begun = outputs(model, model.init(Key.make(5)), batch)
    expect(found.loss!.data[0]).not.toBe(begun.loss!.data[0])
  })

  it("a step moves the adapter and the modules to save, and nothing else; slots are theirs alone; no tensor is left", () => {
    const head = Object.keys(model.blueprint)
      .find((path) => /^(classifier|qa_outputs|lm_head)\./.test(path))
      ?.split(".")[0]
    const lora = adapt(model, head === undefined ? {} : { modulesToSave: [head] })
    const optimizer = Optimizer.adamw({ weightDecay: 0.1 })
    const step = Step.make({ model: lora, optimizer })
    const [parameters, inputs] = [HostTensor.toDevice(trained(lora)), HostTensor.toDevice(batch)]
    const slots = tf.tidy(() => optimizer.init(Tree.filter(parameters, lora.trainable)))
    const scalars = tf.tidy(() => Tree.map(optimizer.scalars({ step: 0, learningRate: 0.1 }), (value) => tf.scalar(value)))
    const before = tf.memory().numTensors
    const { weights, loss, gradNorm, count } = step({
      weights: { parameters, buffers: {}, slots },
      batches: [inputs],
      keys: [Key.make(1)],
      scalars
    })
    expect(tf.memory().numTensors - before).toBe(Object.keys(parameters).length + Object.keys(slots).length + 3)
    const [old, now] = [HostTensor.fromDevice(parameters), HostTensor.fromDevice(weights.parameters)]
    const moved = Object.keys(old).filter((path) => !HostTensor.equals(old[path]!, now[path]!))
    expect(moved).toEqual(Object.keys(old).filter(lora.trainable))
    expect(moved.length).toBe(
      2 * lora.modules.length +
        (head === undefined ? 0 : Object.keys(old).filter((path) => path.split(".")[0]!.endsWith(head)).length)
    )
    for (const path of Object.keys(old).filter((path) => !lora.trainable(path)))
      expect(Object.keys(slots).filter((slot) => slot.endsWith(path))).toEqual([])
    free(parameters, inputs, slots, scalars, weights.parameters, weights.slots, { loss, gradNorm, count })
  })
})

it.effect.each(TestModels.names.filter((name) => TestModels.make(name).decode !== undefined))(
  "%s generates the ids of the merged model",
  (name) =>
    Effect.gen(function* () {
      const model = TestModels.make(name)
      const lora = adapt(model)
      const parameters = trained(lora)
      const device = yield* Device
      for (const settings of [{}, { numBeams: 3 }]) {
        const generate = Effect.fnUntraced(function* (plain: Transformer, host: HostTensor.HostTensors) {
          const weights = { parameters: yield* device.put(host), buffers: {} }
          const prompts = [
            [7, 3, 9],
            [1, 2, 4],
            [18, 6, 11]
          ]
          const batch = { input_ids: HostTensor.fromArray(prompts, "int32") }
          const found = yield* Generation.generate({
            model: plain,
            weights,
            batch,
            settings: { maxNewTokens: 8, decoderStartTokenId: 0, ...settings }
          })
          yield* device.dispose(weights.parameters)
          return found
        })
        const [found, merged] = [yield* generate(lora, parameters), yield* generate(model, Lora.merge(lora, parameters))]
        expect(Array.from(found.sequences.data)).toEqual(Array.from(merged.sequences.data))
        for (const [row, score] of (found.scores ?? []).entries()) expect(score).toBeCloseTo(merged.scores![row]!, 4)
      }
    }).pipe(Effect.provide(Cpu.layer))
)

const free = (...all: ReadonlyArray<Tensors>) => {
  for (const tensors of all) tf.dispose(tensors)
}

const shape: Shape = { ...baseShape, evaluate: 5 }

it.effect("an interrupted and resumed run ends with the same weights, its base unchanged", () =>
  Effect.gen(function* () {
    const lora = adapt(TestModels.make("gpt2", { attn_pdrop: 0.1, resid_pdrop: 0.1 }))
    const rows = Array.from({ length: 8 }, (_, i) => ({ input_ids: [2, 3 + i, 5], labels: [2, 3 + i, 5] }))
    const train = yield* Loader.make({
      dataset: Dataset.fromArray(rows),
      batchSize: 2,
      collate: Collator.stack(),
      sampler: Sampler.random({ seed: 7 })
    })
    const task = Trainer.task({ model: lora, train, seed: 3 })
    const plan = planOf(shape, task.train.batchesPerEpoch)
    const layers = () => Layer.mergeAll(Tiny.optimizer, Layer.fresh(CheckpointStore.memory), Tiny.logger())
    const whole = yield* Trainer.train(task, plan).pipe(Effect.provide(layers()))
    yield* Effect.gen(function* () {
      yield* Trainer.events(task, plan).pipe(Stream.take(19), Stream.runDrain)
      const resumed = yield* Trainer.train(task, plan)
      expect(Equal.equals(resumed.weights, whole.weights)).toBe(true)
    }).pipe(Effect.provide(layers()))
    const begun = lora.init(Key.fold(Key.make(3), "parameters"))
    const { parameters } = whole.weights
    for (const path of Object.keys(begun))
      expect(HostTensor.equals(begun[path]!, parameters[path]!), path).toBe(!lora.trainable(path))
  }).pipe(Effect.provide(Cpu.layer))
)
