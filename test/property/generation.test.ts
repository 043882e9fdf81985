/** Laws of generation: the memory changes nothing, rows stand alone, a key decides what is drawn, the device is left as it was. */
import { expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import fc from "fast-check"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as Transformers from "../../src/Model/Transformers.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import * as Generation from "../../src/Trainer/Generation.ts"

const gpt = Result.getOrThrow(
  Transformers.make({
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    vocab_size: 12,
    n_embd: 8,
    n_layer: 2,
    n_head: 2,
    n_positions: 32
  })
)
const parameters = Object.fromEntries(
  Object.entries(gpt.init(Key.make(3))).map(([path, tensor]) => [
    path,
    { ...tensor, data: tensor.data.map((value) => 8 * value) }
  ])
) as HostTensor.HostTensors

const text = fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 5 })
const settings: Generation.Input = { maxNewTokens: 6, padTokenId: 0 }

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
  key = Key.make(0)
) {
  const device = yield* Device
  const on = yield* device.put(parameters)
  const before = tf.memory().numTensors
  const { scores, sequences } = yield* Generation.generate({
    model: gpt,
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

/** Reads the whole text anew for each token. */
const plainly = (row: ReadonlyArray<number>, count: number) => {
  const tokens = [...row]
  for (let i = 0; i < count; i++)
    tokens.push(
      tf.tidy(() => {
        const batch = { input_ids: tf.tensor2d([tokens], undefined, "int32") }
        const { logits } = gpt.apply(HostTensor.toDevice(parameters), batch, {
          training: false,
          key: Key.make(0),
          buffers: {}
        }).outputs
        return tf.argMax(tf.slice(logits!, [0, tokens.length - 1, 0], [1, 1, -1]), 2).dataSync()[0]!
      })
    )
  return tokens
}

const holds = <A>(arbitrary: fc.Arbitrary<A>, law: (value: A) => Effect.Effect<void, unknown, Device>) =>
  Effect.forEach(fc.sample(arbitrary, { numRuns: 15, seed: 5 }), law, { discard: true }).pipe(
    Effect.provide(Cpu.layer, { local: true })
  )

it.effect("with its memory a model writes what it writes without", () =>
  holds(text, (row) => Effect.map(write([row]), ({ texts }) => expect(texts).toEqual([plainly(row, 6)])))
)

it.effect("a row does not depend on the others, nor on the padding before it", () =>
  holds(fc.tuple(text, text), ([one, other]) =>
    Effect.gen(function* () {
      const both = yield* write([one, other])
      for (const [i, row] of [one, other].entries()) {
        const { texts } = yield* write([row])
        expect(both.texts[i]!.slice(-6)).toEqual(texts[0]!.slice(-6))
      }
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
