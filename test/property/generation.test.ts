/** Laws of generation: the key-value cache changes nothing, rows are independent, a key decides what is sampled, the device is left as it was. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import fc from "fast-check"
import * as Generation from "../../src/Evaluation/Generation.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as LogitsProcessors from "../../src/Model/Generation/LogitsProcessors.ts"
import * as Sampling from "../../src/Model/Generation/Sampling.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { tf } from "../../src/Tensor/Tensor.ts"

const small = { vocab_size: 12, hidden_size: 8, intermediate_size: 8, num_hidden_layers: 2, num_attention_heads: 2 }
const named = (config: Transformers.Config, architecture: string) => Result.getOrThrow(Transformers.make(config, architecture))
const gpt = named({ model_type: "gpt2", vocab_size: 12, n_embd: 8, n_layer: 2, n_head: 2, n_positions: 32 }, "GPT2LMHeadModel")
const models = {
  gpt2: gpt,
  llama: named({ model_type: "llama", ...small, num_key_value_heads: 1 }, "LlamaForCausalLM"),
  mistral: named({ model_type: "mistral", ...small, num_key_value_heads: 2, sliding_window: 3 }, "MistralForCausalLM"),
  t5: named(
    { model_type: "t5", vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 2, num_heads: 2, pad_token_id: 0 },
    "T5ForConditionalGeneration"
  )
}
const weights = (model: Transformers.Transformer): HostTensor.HostTensors =>
  Object.fromEntries(
    Object.entries(model.init(Key.make(3))).map(([path, tensor]) => [
      path,
      { ...tensor, data: tensor.data.map((value) => (path.includes("norm") ? value : 8 * value)) }
    ])
  )

const text = fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 5 })
const settings: Generation.Input = { maxNewTokens: 6, padTokenId: 0 }
/** What looks at the tokens of a text. */
const rules: ReadonlyArray<Generation.Input> = [
  {},
  { numBeams: 3 },
  { repetitionPenalty: 1.7 },
  { noRepeatNgramSize: 2 },
  { encoderRepetitionPenalty: 2 },
  { encoderNoRepeatNgramSize: 1 },
  { badWordsIds: [[0, 1], [1, 2], [3]] },
  { numBeams: 2, noRepeatNgramSize: 1 }
]

/** Rows of one length, filled on the left. */
const batchOf = (rows: ReadonlyArray<ReadonlyArray<number>>) => {
  const length = Math.max(...rows.map((row) => row.length))
  const left = (row: ReadonlyArray<number>, filler: number) => [...Array<number>(length - row.length).fill(filler), ...row]
  return {
    input_ids: HostTensor.fromArray(
      rows.map((row) => left(row, 0)),
      "int32"
    ),
    attention_mask: HostTensor.fromArray(
      rows.map((row) =>
        left(
          row.map(() => 1),
          0
        )
      ),
      "int32"
    )
  }
}

const write = Effect.fnUntraced(function* (
  rows: ReadonlyArray<ReadonlyArray<number>>,
  more: Generation.Input = {},
  key = Key.make(0),
  model: Transformers.Transformer = gpt
) {
  const device = yield* Device
  const on = yield* device.put(weights(model))
  const before = tf.memory().numTensors
  const { scores, sequences } = yield* Generation.generate({
    model,
    weights: { parameters: on, buffers: {} },
    batch: batchOf(rows),
    settings: { ...settings, ...more },
    key
  })
  expect(tf.memory().numTensors).toBe(before)
  yield* device.dispose(on)
  const length = sequences.shape[1]!
  const texts = Array.from({ length: sequences.shape[0]! }, (_, i) =>
    Array.from(sequences.data.slice(i * length, (i + 1) * length))
  )
  return { texts, scores }
})

/** The logarithms of the next tokens' probabilities after each token of a text, read at once. */
const readAnew = (model: Transformers.Transformer, source: ReadonlyArray<number>, tokens: ReadonlyArray<number>) => {
  const read = tf.tidy(() => {
    const ids = tf.tensor2d([[...tokens]], undefined, "int32")
    const encoded = { input_ids: tf.tensor2d([[...source]], undefined, "int32"), decoder_input_ids: ids }
    const batch = model.encode === undefined ? { input_ids: ids } : encoded
    const around = { training: false, key: Key.make(0), buffers: {} }
    const { logits } = model.apply(HostTensor.toDevice(weights(model)), batch, around).outputs
    return tf.logSoftmax(tf.squeeze(logits!, [0]))
  })
  const scores = read.arraySync() as ReadonlyArray<ReadonlyArray<number>>
  read.dispose()
  return scores
}

/** Reads the whole text anew for each token, and takes the likeliest. */
const plainly = (row: ReadonlyArray<number>, count: number, model: Transformers.Transformer = gpt) => {
  const tokens = model.encode === undefined ? [...row] : [0]
  for (let i = 0; i < count; i++) {
    const last = readAnew(model, row, tokens).at(-1)!
    tokens.push(last.indexOf(Math.max(...last)))
  }
  return tokens
}

const holds = <A>(arbitrary: fc.Arbitrary<A>, law: (value: A) => Effect.Effect<void, unknown, Device>) =>
  Effect.forEach(fc.sample(arbitrary, { numRuns: 15, seed: 5 }), law, { discard: true }).pipe(
    Effect.provide(Cpu.layer, { local: true })
  )

describe.each(Object.entries(models))("%s", (_, model) => {
  const encodes = model.encode !== undefined

  it.effect("a model generates the same with its key-value cache as without", () =>
    holds(text, (row) =>
      Effect.map(write([row], {}, Key.make(0), model), ({ texts }) => expect(texts).toEqual([plainly(row, 6, model)]))
    )
  )

  it.effect("a row does not depend on the others, nor on the padding before it", () =>
    holds(fc.tuple(text, text, fc.constantFrom(...rules)), ([one, other, rule]) =>
      Effect.gen(function* () {
        const both = yield* write([one, other], rule, Key.make(0), model)
        for (const [i, row] of [one, other].entries()) {
          const { scores, texts } = yield* write([row], rule, Key.make(0), model)
          expect(both.texts[i]!.slice(-6)).toEqual(texts[0]!.slice(-6))
          if (scores !== undefined) expect(both.scores![i]).toBeCloseTo(scores[0]!, 4)
        }
      })
    )
  )

  it.effect("a beam's score equals that of its tokens read at once", () =>
    holds(fc.tuple(text, fc.constantFrom(0, 1, 2)), ([row, lengthPenalty]) =>
      Effect.gen(function* () {
        const { scores, texts } = yield* write([row], { numBeams: 4, numReturnSequences: 4, lengthPenalty }, Key.make(0), model)
        for (const [i, tokens] of texts.entries()) {
          const begin = encodes ? 1 : row.length
          const read = readAnew(model, row, tokens)
          const sum = tokens.slice(begin).reduce((sum, token, at) => sum + read[begin + at - 1]![token]!, 0)
          expect(scores![i]).toBeCloseTo(sum / 6 ** lengthPenalty, 3)
        }
      })
    )
  )
})

it.effect("one beam, and as many beams as there are ways, find no worse than the greedy choice", () =>
  holds(text, (row) =>
    Effect.gen(function* () {
      const { texts } = yield* write([row])
      const { scores } = yield* write([row], { maxNewTokens: 2, numBeams: 12 })
      const two = texts[0]!.slice(0, row.length + 2)
      const read = readAnew(gpt, row, two)
      const greedy = (read[row.length - 1]![two.at(-2)!]! + read[row.length]![two.at(-1)!]!) / 2
      expect(scores![0]).toBeGreaterThan(greedy - 1e-4)
    })
  )
)

it.effect("beams come in the order of their scores, each another text", () =>
  holds(text, (row) =>
    Effect.map(write([row], { numBeams: 6, numReturnSequences: 3 }), ({ scores, texts }) => {
      expect(scores!.toSorted((a, b) => b - a)).toEqual(scores)
      expect(new Set(texts.map(String)).size).toBe(3)
    })
  )
)

it.effect("the key decides what is drawn; what is nearly certain is the greedy choice", () =>
  holds(fc.tuple(text, fc.nat(99)), ([row, seed]) =>
    Effect.gen(function* () {
      const drawn = { doSample: true, temperature: 2, numReturnSequences: 4 } as const
      const once = yield* write([row], drawn, Key.make(seed))
      expect(yield* write([row], drawn, Key.make(seed))).toEqual(once)
      expect(yield* write([row], drawn, Key.make(seed + 1))).not.toEqual(once)
      const sure = yield* write([row], { doSample: true, topK: 1 }, Key.make(seed))
      expect(sure.texts).toEqual([plainly(row, 6)])
    })
  )
)

it.effect("no sequence of tokens comes twice where it may not", () =>
  holds(fc.tuple(text, fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, 3)), ([row, noRepeatNgramSize, numBeams]) =>
    Effect.map(write([row.slice(0, 1)], { noRepeatNgramSize, numBeams }), ({ texts }) => {
      const [tokens] = texts
      const grams = tokens!.slice(noRepeatNgramSize - 1).map((_, at) => String(tokens!.slice(at, at + noRepeatNgramSize)))
      expect(new Set(grams).size).toBe(grams.length)
    })
  )
)

it.effect("no word comes that may not, no token that is suppressed, and no end too soon", () =>
  holds(
    fc.tuple(text, fc.constantFrom<Generation.Input>({}, { numBeams: 3 }, { doSample: true, temperature: 3 })),
    ([row, how]) =>
      Effect.gen(function* () {
        const [plain] = (yield* write([row], how)).texts
        const begin = row.length
        const word = plain!.slice(begin, begin + 2)
        const without = (yield* write([row], { ...how, badWordsIds: [word] })).texts[0]!
        expect(without.slice(begin + 1).some((token, at) => token === word[1] && without[begin + at] === word[0])).toBe(false)
        const suppressed = (yield* write([row], { ...how, suppressTokens: word })).texts[0]!
        expect(suppressed.slice(begin).filter((token) => word.includes(token))).toEqual([])
        const ends = { ...how, eosTokenId: word, padTokenId: 0 }
        const late = (yield* write([row], { ...ends, minNewTokens: 4 })).texts[0]!
        expect(late.slice(begin, begin + 4).filter((token) => word.includes(token))).toEqual([])
        const forced = (yield* write([row], { ...how, forcedEosTokenId: 11 })).texts[0]!
        expect(forced.at(-1)).toBe(11)
      })
  )
)

it.effect("rows that are padded on the right, and a prompt that is too long, are refused", () =>
  Effect.gen(function* () {
    const batch = batchOf([
      [1, 2],
      [3, 4]
    ])
    const right = {
      ...batch,
      attention_mask: HostTensor.fromArray(
        [
          [1, 1],
          [1, 0]
        ],
        "int32"
      )
    }
    const refused = (batch: HostTensor.HostTensors, settings: Generation.Input) =>
      Effect.map(
        Effect.flip(Generation.generate({ model: gpt, weights: { parameters: {}, buffers: {} }, batch, settings })),
        ({ message }) => message
      )
    expect(yield* refused(right, settings)).toContain("padded on the right")
    expect(yield* refused(batch, { maxLength: 2 })).toContain("Raise maxLength")
    expect(yield* refused(batch, { topP: 2 })).toContain("topP")
  }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

describe("what may be drawn", () => {
  const scores = fc
    .array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 2, maxLength: 20 })
    .map((values) => Float32Array.from(values))
  const change = fc.record(
    {
      temperature: fc.double({ min: 0.1, max: 5, noNaN: true }),
      topK: fc.integer({ min: 0, max: 20 }),
      topP: fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.constant(1e-12)),
      minP: fc.double({ min: 0, max: 1, noNaN: true }),
      typicalP: fc.constant(1),
      epsilonCutoff: fc.double({ min: 0, max: 0.99, noNaN: true }),
      etaCutoff: fc.double({ min: 0, max: 0.99, noNaN: true })
    },
    { requiredKeys: [] }
  )
  const settingsOf = (input: Generation.Input) => Result.getOrThrow(Generation.settings({ doSample: true, topK: 0 }, input))
  const left = (values: LogitsProcessors.Scores) =>
    Array.from(values.keys()).filter((token) => values[token]! > Number.NEGATIVE_INFINITY)
  const shares = (values: LogitsProcessors.Scores) => Array.from(LogitsProcessors.logSoftmax(values), Math.exp)

  it("the likeliest token stays, and the order", () =>
    fc.assert(
      fc.property(scores, change, (drawn, input) => {
        const found = Sampling.warp(drawn, settingsOf(input))
        const given = drawn.map((score) => score / (input.temperature ?? 1)) // in float32 the division may make scores equal
        expect(found[LogitsProcessors.best(given)] === Math.max(...found)).toBe(true)
        expect(LogitsProcessors.allows(found)).toBe(true)
        for (const a of left(found))
          for (const b of left(found)) if (given[a]! > given[b]!) expect(found[a]!).toBeGreaterThanOrEqual(found[b]!)
        const least = Math.min(...left(found).map((token) => given[token]!))
        for (const token of given.keys()) if (given[token]! > least) expect(left(found)).toContain(token)
      })
    ))

  it("what stays has the share that was asked for, and with one token less it would not", () =>
    fc.assert(
      fc.property(scores, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (given, topP) => {
        const kept = left(Sampling.warp(given, settingsOf({ topP }))).map((token) => shares(given)[token]!)
        const sum = kept.reduce((a, b) => a + b, 0)
        expect(sum).toBeGreaterThan(topP - 1e-6)
        expect(sum - Math.min(...kept)).toBeLessThan(topP + 1e-6)
      })
    ))

  it("as many stay as were asked for; equal ones together", () =>
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 20 }), (given, topK) => {
        const kept = left(Sampling.warp(given, settingsOf({ topK })))
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(topK, given.length))
        if (new Set(given).size === given.length) expect(kept).toHaveLength(Math.min(topK, given.length))
      })
    ))

  it("many of a vocabulary's stay as few do, and all in no time", () => {
    const given = Float32Array.from({ length: 30_000 }, (_, token) => (token * 7919) % 5003)
    const order = Array.from(given).sort((a, b) => b - a)
    for (const topK of [1, 1000, 1001, 20_000]) {
      const kept = left(Sampling.warp(given, settingsOf({ topK })))
      expect(kept).toEqual(Array.from(given.keys()).filter((token) => given[token]! >= order[topK - 1]!))
    }
    const large = Float32Array.from({ length: 100_000 }, (_, token) => token)
    const begun = performance.now()
    for (const topK of [50_000, 100_000]) expect(left(Sampling.warp(large, settingsOf({ topK })))).toHaveLength(topK)
    expect(performance.now() - begun).toBeLessThan(1500) // one after the other it would be many seconds
  })

  it("each token is drawn as often as its probability says", () =>
    fc.assert(
      fc.property(scores, (given) => {
        const times = 2000
        const counts = Array<number>(given.length).fill(0)
        for (let i = 0; i < times; i++) counts[Sampling.sample(given, (i + 0.5) / times)]!++
        for (const [token, share] of shares(given).entries())
          expect(Math.abs(counts[token]! / times - share)).toBeLessThan(2 / times + 1e-5)
      }),
      { numRuns: 30 }
    ))

  it("settings go through the file's names and back", () =>
    fc.assert(
      fc.property(change, (input) => {
        expect(Result.getOrThrow(Generation.fromJson(Generation.toJson(input)))).toEqual(input)
      })
    ))
})
