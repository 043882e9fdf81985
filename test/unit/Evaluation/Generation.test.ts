/** What generation refuses before it reads, where it ends, and what a step costs. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Result } from "effect"
import * as GenerationConfigFile from "../../../src/Checkpoint/GenerationConfigFile.ts"
import * as Generation from "../../../src/Evaluation/Generation.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import type { DecoderInput, DecoderOutput, Transformer } from "../../../src/Model/Transformer.ts"
import * as Transformers from "../../../src/Model/Transformers.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

const gpt = Result.getOrThrow(
  Transformers.make(
    { model_type: "gpt2", vocab_size: 12, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 16, eos_token_id: 11, bos_token_id: 10 },
    "GPT2LMHeadModel"
  )
)
const t5 = Result.getOrThrow(
  Transformers.make(
    {
      model_type: "t5",
      vocab_size: 12,
      d_model: 8,
      d_kv: 4,
      d_ff: 8,
      num_layers: 2,
      num_heads: 2,
      pad_token_id: 0,
      eos_token_id: 1
    },
    "T5ForConditionalGeneration"
  )
)
const ids = (rows: HostTensor.Nested) => HostTensor.fromArray(rows, "int32")
const empty: HostTensor.HostTensor = { dtype: "int32", shape: [2, 0], data: new Int32Array(0) }

const write = Effect.fnUntraced(function* (
  model: Transformer,
  batch: HostTensor.HostTensors,
  settings: Generation.Input,
  change: (weights: HostTensor.HostTensors) => HostTensor.HostTensors = (weights) => weights
) {
  const device = yield* Device
  const parameters = yield* device.put(change(model.init(Key.make(2))))
  const before = tf.memory().numTensors
  const written = yield* Effect.result(Generation.generate({ model, weights: { parameters, buffers: {} }, batch, settings }))
  expect(tf.memory().numTensors).toBe(before)
  yield* device.dispose(parameters)
  return yield* Effect.fromResult(written)
})

describe("is refused before the first token", () => {
  const prompt = { input_ids: ids([[1, 2]]) }
  it.effect.each<[string, Transformer, HostTensor.HostTensors, Generation.Input, RegExp]>([
    ["a token that is not in the vocabulary", gpt, { input_ids: ids([[1, 12]]) }, {}, /input_ids: row 0 has token 12/],
    ["a token below 0", t5, { input_ids: ids([[1], [-1]]) }, {}, /input_ids: row 1 has token -1/],
    ["an end that is not in the vocabulary", gpt, prompt, { eosTokenId: [3, 12] }, /eosTokenId: it names token 12/],
    ["a pad token that is not in it", gpt, prompt, { padTokenId: 99 }, /padTokenId: it names token 99/],
    ["a begin that is not in it", gpt, prompt, { bosTokenId: 12 }, /bosTokenId/],
    ["a start that is not in it", t5, prompt, { decoderStartTokenId: 12 }, /decoderStartTokenId/],
    ["a forced begin that is not in it", t5, prompt, { forcedBosTokenId: 12 }, /forcedBosTokenId/],
    ["a forced end that is not in it", t5, prompt, { forcedEosTokenId: [1, 12] }, /forcedEosTokenId/],
    ["suppressed tokens that are not in it", t5, prompt, { suppressTokens: [12] }, /suppressTokens/],
    ["suppressed begins that are not in it", t5, prompt, { beginSuppressTokens: [12] }, /beginSuppressTokens/],
    ["words that are not in it", t5, prompt, { badWordsIds: [[1], [2, 12]] }, /badWordsIds: it names token 12/],
    [
      "a prompt that is too long",
      gpt,
      { input_ids: ids([Array(17).fill(1)]) },
      {},
      /17 tokens long, and the model has 16 positions/
    ],
    ["a prompt that fills the positions", gpt, { input_ids: ids([Array(16).fill(1)]) }, {}, /maxLength: .* 16 tokens/],
    ["a text beyond the positions", gpt, prompt, { maxLength: 17 }, /maxLength: .* 17 tokens, .* 16 positions/],
    ["new tokens beyond them", gpt, prompt, { maxNewTokens: 15 }, /maxNewTokens: .* 17 tokens/],
    ["a text no longer than its prompt", gpt, prompt, { maxLength: 2 }, /Raise maxLength/],
    ["a text no longer than its start", t5, prompt, { maxLength: 1 }, /Raise maxLength/],
    ["an empty prompt with nothing to begin with", gpt, { input_ids: empty }, { bosTokenId: null }, /set bosTokenId/],
    ["no rows", gpt, { input_ids: { ...empty, shape: [0, 2] } }, {}, /a row at least/],
    ["no ids", gpt, {}, {}, /input_ids/],
    ["a mask of another shape", gpt, { ...prompt, attention_mask: ids([[1]]) }, {}, /attention_mask: it is \[1,1\]/],
    ["a mask that is none", gpt, { ...prompt, attention_mask: ids([[2, 1]]) }, {}, /1 for tokens and 0/],
    ["a row of padding", gpt, { ...prompt, attention_mask: ids([[0, 0]]) }, {}, /row 0 is nothing but padding/],
    [
      "padding within",
      gpt,
      { input_ids: ids([[1, 2, 3]]), attention_mask: ids([[1, 0, 1]]) },
      {},
      /padded on the right, or within/
    ],
    ["padding on the right, without a mask", gpt, { input_ids: ids([[1, 0]]) }, { padTokenId: 0 }, /padded on the right/],
    ["an encoder without a start", { ...t5, config: {} }, prompt, {}, /decoderStartTokenId: neither/],
    ["beams that are none", gpt, prompt, { numBeams: 0 }, /numBeams: it must be a whole number from 1 on/],
    ["no temperature", gpt, prompt, { temperature: 0 }, /temperature: it must be a number greater than 0/],
    [
      "more texts than beams",
      gpt,
      prompt,
      { numBeams: 2, numReturnSequences: 3 },
      /numReturnSequences: it must be at most numBeams/
    ],
    ["drawn beams", gpt, prompt, { numBeams: 2, doSample: true }, /doSample/],
    [
      "what its file asks for and is not there",
      GenerationConfigFile.attach(gpt, { penalty_alpha: 0.6 }),
      prompt,
      {},
      /penalty_alpha: it is 0.6/
    ]
  ])("%s", ([, model, batch, settings, message]) =>
    Effect.gen(function* () {
      const mute: Transformer = { ...model, decode: () => expect.fail("it was read") }
      const error = yield* Effect.flip(write(mute, batch, settings))
      expect(error._tag).toBe("InvalidGeneration")
      expect(error.message).toMatch(message)
    }).pipe(Effect.provide(Cpu.layer, { local: true }))
  )
})

it.effect("an empty prompt starts with the model's own token, and generates 20 more, or up to the last position", () =>
  Effect.gen(function* () {
    const { sequences } = yield* write(gpt, { input_ids: empty }, { eosTokenId: null })
    expect(sequences.shape).toEqual([2, 16])
    expect([sequences.data[0], sequences.data[16]]).toEqual([10, 10])
    const { sequences: texts } = yield* write(t5, { input_ids: ids([[3]]) }, { minNewTokens: 20 })
    expect(texts.shape).toEqual([1, 21])
  }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

it.effect.each([{}, { numBeams: 2 }, { doSample: true }] satisfies ReadonlyArray<Generation.Input>)(
  "logits that are NaN are an error that names the token, with %j",
  (more) =>
    Effect.gen(function* () {
      const blank = (weights: HostTensor.HostTensors): HostTensor.HostTensors => {
        const table = weights["transformer.wpe.weight"]!
        return {
          ...weights,
          "transformer.wpe.weight": { ...table, data: table.data.map((x, i) => (i >= 4 * 8 ? Number.NaN : x)) }
        }
      }
      const batch = { input_ids: ids([[1, 2, 3]]) }
      const error = yield* Effect.flip(write(gpt, batch, { maxNewTokens: 6, eosTokenId: null, ...more }, blank))
      expect(error).toMatchObject({ _tag: "NoLogits", row: 0, step: 3 })
      expect(error.message).toContain("token 3 of row 0")
    }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

it.effect.each([{}, { numBeams: 2 }, { doSample: true }] satisfies ReadonlyArray<Generation.Input>)(
  "where every token is forbidden none is taken, with %j",
  (more) =>
    Effect.gen(function* () {
      const all = Array.from({ length: 12 }, (_, token) => token)
      const error = yield* Effect.flip(write(gpt, { input_ids: ids([[1]]) }, { beginSuppressTokens: all, ...more }))
      expect(error).toMatchObject({ _tag: "NoToken", row: 0, step: 1 })
    }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

it.effect("settings of a call override those of the file, which override the config", () =>
  Effect.gen(function* () {
    const of = (model: Transformer, input: Generation.Input = {}) =>
      Result.getOrThrow(Result.flatMap(Generation.ofModel(model), (own) => Generation.settings(own, input)))
    const filed = GenerationConfigFile.attach(gpt, {
      eos_token_id: [3, 4],
      num_beams: 2,
      pad_token_id: null,
      max_length: 20,
      own: 1
    })
    expect(of(gpt)).toMatchObject({ eosTokenId: 11, bosTokenId: 10, numBeams: 1 })
    expect(of(filed)).toMatchObject({ eosTokenId: [3, 4], bosTokenId: 10, numBeams: 2, maxLength: null, padTokenId: null })
    expect(of(filed, { numBeams: 3, eosTokenId: undefined })).toMatchObject({ numBeams: 3, eosTokenId: [3, 4] })
    expect(JSON.parse(filed.files!["generation_config.json"]!)).toMatchObject({ own: 1, num_beams: 2 })
    const old = { ...gpt, config: { ...gpt.config, num_beams: 3, no_repeat_ngram_size: 2 } }
    expect(of(old)).toMatchObject({ numBeams: 3, noRepeatNgramSize: 2 })
    const { sequences } = yield* write(filed, { input_ids: ids([[1]]) }, { numBeams: 1, maxNewTokens: 2, minNewTokens: 2 })
    expect(sequences.shape).toEqual([1, 3])
  }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

describe.each([
  ["gpt2", gpt, {}],
  ["t5", t5, {}],
  ["gpt2", gpt, { numBeams: 3 }],
  ["t5", t5, { numBeams: 3 }]
] as const)("%s, with %3$j", (_, model, more) => {
  it.effect("a token costs one decoding step of one token, and no tensor is left", () =>
    Effect.gen(function* () {
      const seen: Array<{ readonly reading: DecoderInput; readonly decoded: DecoderOutput; readonly tensors: number }> = []
      const inputs = new Set<unknown>()
      let encoded = 0
      const watched: Transformer = {
        ...model,
        ...(model.encode === undefined
          ? {}
          : {
              encode: (...given) => {
                encoded++
                return model.encode!(...given)
              }
            }),
        decode: (parameters, reading, context) => {
          const decoded = model.decode!(parameters, reading, context)
          seen.push({ reading, decoded, tensors: tf.memory().numTensors })
          if (model.encode !== undefined) for (const i of [1, 3]) inputs.add(decoded.present[i]!.key.dataId)
          return decoded
        }
      }
      const batch = {
        input_ids: ids([
          [1, 2, 3],
          [4, 5, 6]
        ]),
        attention_mask: ids([
          [1, 1, 1],
          [1, 1, 1]
        ])
      }
      yield* write(watched, batch, { maxNewTokens: 8, minNewTokens: 8, ...more })
      expect(seen).toHaveLength(8)
      expect(seen.slice(1).map(({ reading }) => reading.ids.shape[1])).toEqual(Array(7).fill(1))
      expect(new Set(seen.slice(2).map(({ tensors }) => tensors)).size).toBe(1)
      expect(encoded).toBe(model.encode === undefined ? 0 : 1)
      expect(inputs.size).toBe(model.encode === undefined ? 0 : 2) // the keys of what the encoder read, a layer
    }).pipe(Effect.provide(Cpu.layer, { local: true }))
  )
})

it.effect("timers run between two tokens", () =>
  Effect.gen(function* () {
    let ticks = 0
    const timer = setInterval(() => ticks++, 0)
    yield* write(gpt, { input_ids: ids([[1]]) }, { eosTokenId: null })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(3)
  }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

it.effect("an interruption leaves no tensor", () =>
  Effect.gen(function* () {
    const device = yield* Device
    const parameters = yield* device.put(gpt.init(Key.make(1)))
    const before = tf.memory().numTensors
    let tokens = 0
    const stopping = Layer.succeed(Device, {
      ...device,
      run: (during, f) => (++tokens === 4 ? Effect.interrupt : device.run(during, f))
    })
    const batch = { input_ids: ids([[1]]) }
    const exit = yield* Effect.exit(
      Generation.generate({ model: gpt, weights: { parameters, buffers: {} }, batch, settings: { eosTokenId: null } }).pipe(
        Effect.provide(stopping)
      )
    )
    expect(Exit.hasInterrupts(exit)).toBe(true)
    expect(tf.memory().numTensors).toBe(before)
  }).pipe(Effect.provide(Cpu.layer, { local: true }))
)
