/** The noise on embeddings: its bound and its spread are those of the real one, in training only, and the transformers take it. */
import { readFileSync } from "node:fs"
import "@tensorflow/tfjs-backend-cpu"
import { Result } from "effect"
import { beforeAll, expect, it } from "vitest"
import * as Embedding from "../../src/Model/Embedding.ts"
import * as Model from "../../src/Model/Model.ts"
import * as Neftune from "../../src/Model/Neftune.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

interface Case {
  readonly alpha: number
  readonly batch: number
  readonly length: number
  readonly dim: number
  readonly bound: number
  readonly uniform_std: number
}
const { cases } = JSON.parse(readFileSync(new URL("neftune.json", import.meta.url), "utf8")) as {
  readonly cases: ReadonlyArray<Case>
}

beforeAll(() => tf.setBackend("cpu"))

const context = (training: boolean, seed: number): Model.Context => ({ training, key: Key.make(seed), buffers: {} })

/** Embeds into zeros, with and without the context. */
const zeros = (dim: number, given = true) =>
  Model.make({
    inputs: ["input_ids"],
    init: () => ({ "words.weight": HostTensor.zeros([9, dim]) }),
    forward: (p, { input_ids }, context) => ({
      logits: given ? Embedding.apply(p, "words", input_ids, context) : Embedding.apply(p, "words", input_ids)
    })
  })

const noise = ({ alpha, batch, length, dim }: Case, training: boolean, seed: number, given = true) =>
  tf.tidy(() => {
    const parameters = { "words.weight": tf.zeros([9, dim]) }
    const ids = { input_ids: tf.zeros([batch, length], "int32") }
    const { outputs } = Neftune.around(zeros(dim, given), alpha).apply(parameters, ids, context(training, seed))
    return [...outputs.logits!.dataSync()]
  })

it.each(cases)("alpha $alpha on [$batch, $length, $dim]", (one) => {
  const values = Array.from({ length: Math.ceil(200_000 / (one.batch * one.length * one.dim)) }, (_, seed) => noise(one, true, seed)).flat()
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  expect(most).toBeLessThanOrEqual(one.bound * (1 + 1e-6))
  expect(most).toBeGreaterThan(one.bound * 0.999)
  expect(Math.abs(mean)).toBeLessThan(0.01 * one.bound)
  expect(Math.abs(std / one.uniform_std - 1)).toBeLessThan(0.01)
  expect(noise(one, false, 0).every((value) => value === 0)).toBe(true)
  expect(noise(one, true, 5)).toEqual(noise(one, true, 5))
})

it("refuses a model without embeddings in training, with advice", () => {
  expect(() => noise(cases[0]!, true, 0, false)).toThrow(Neftune.NoInputEmbedding)
  expect(noise(cases[0]!, false, 0, false).every((value) => value === 0)).toBe(true)
})

const small = { vocab_size: 11, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 16 }
it.each([
  { ...small, model_type: "bert", architectures: ["BertForSequenceClassification"] },
  { ...small, model_type: "llama", architectures: ["LlamaForCausalLM"] },
  { model_type: "gpt2", architectures: ["GPT2LMHeadModel"], vocab_size: 11, n_embd: 8, n_layer: 1, n_head: 2 },
  { model_type: "t5", architectures: ["T5ForConditionalGeneration"], vocab_size: 11, d_model: 8, d_kv: 4, d_ff: 16, num_layers: 1, num_heads: 2 }
])("$model_type embeds its input with it", (config) => {
  const model = Result.getOrThrow(Transformers.make(config))
  const logits = (of: Model.Model, training: boolean) =>
    tf.tidy(() => {
      const ids = tf.tensor2d([[1, 2, 3]], [1, 3], "int32")
      const batch = { input_ids: ids, ...(config.model_type === "t5" ? { labels: ids } : {}) }
      const result = of.apply(HostTensor.toDevice(model.init(Key.make(0))), batch, context(training, 1))
      return [...result.outputs.logits!.dataSync()]
    })
  expect(logits(Neftune.around(model, 5), true)).not.toEqual(logits(model, true))
  expect(logits(Neftune.around(model, 5), false)).toEqual(logits(model, false))
})
