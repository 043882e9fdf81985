/** Laws of transformers, over all families. */
import "@tensorflow/tfjs-backend-cpu"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { KeyValueCache } from "../../src/Model/Attention.ts"
import type { Transformer } from "../../src/Model/Transformers.ts"
import * as Gradients from "../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as TestModels from "../support/transformers.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const context = { training: false, key: Key.make(0), buffers: {} }
const weightsOf = (model: Transformer) => HostTensor.toDevice(model.init(Key.make(5)))
const ids = (rows: ReadonlyArray<ReadonlyArray<number>>) => tf.tensor2d(rows as Array<Array<number>>, undefined, "int32")
const farthest = (left: Tensor, right: Tensor) => {
  expect(left.shape).toEqual(right.shape)
  return tf.max(tf.abs(tf.sub(left, right))).dataSync()[0]!
}
const part = (x: Tensor, from: number, length: number) =>
  tf.slice(x, [0, from, ...x.shape.slice(2).map(() => 0)], [-1, length, ...x.shape.slice(2).map(() => -1)])

/** Tokens other than the pad tokens, 0 and 1. */
const text = (minLength: number) => fc.array(fc.integer({ min: 2, max: 18 }), { minLength, maxLength: 8 })
const runs = { numRuns: 8 }
const decoders = TestModels.names.filter((name) => TestModels.make(name).decode !== undefined)

/** Reads with a decoder; one that looks at an encoder is given the same text there. */
const reader = (model: Transformer) => {
  const weights = weightsOf(model)
  const encoded = (source: Tensor) =>
    model.encode === undefined ? undefined : { states: model.encode(weights, source, undefined, context) }
  return (tokens: Tensor, more: { mask?: Tensor; positions?: Tensor; past?: ReadonlyArray<KeyValueCache> } = {}) =>
    model.decode!(weights, { ids: tokens, encoded: encoded(ids([[7, 3, 9]])), ...more }, context)
}

describe.each(decoders)("%s", (name) => {
  const model = TestModels.make(name)

  it("a later token never changes an earlier logit", () => {
    fc.assert(
      fc.property(text(2), fc.integer({ min: 2, max: 18 }), fc.nat(), (tokens, other, seed) => {
        tf.tidy(() => {
          const read = reader(model)
          const at = 1 + (seed % (tokens.length - 1))
          const [first, second] = [read(ids([tokens])), read(ids([tokens.with(at, other)]))]
          expect(farthest(part(first.logits, 0, at), part(second.logits, 0, at))).toBe(0)
          if (other !== tokens[at]) expect(farthest(first.logits, second.logits)).toBeGreaterThan(1e-6)
        })
      }),
      runs
    )
  })

  it("piece by piece it gives what it gives at once", () => {
    fc.assert(
      fc.property(text(3), fc.nat(), (tokens, seed) => {
        tf.tidy(() => {
          const read = reader(model)
          const whole = read(ids([tokens])).logits
          const cut = 1 + (seed % (tokens.length - 2))
          const begin = read(ids([tokens.slice(0, cut)]))
          let { present: past } = begin
          const pieces = [begin.logits]
          for (const piece of [tokens.slice(cut, -1), tokens.slice(-1)]) {
            if (piece.length === 0) continue
            const next = read(ids([piece]), { past })
            pieces.push(next.logits)
            past = next.present
          }
          expect(farthest(tf.concat(pieces, 1), whole)).toBeLessThan(2e-5)
        })
      }),
      runs
    )
  })

  it("what is padded on the left, with positions that begin after it, is as if it were not there", () => {
    if (name.startsWith("t5")) return // a distance needs no positions
    fc.assert(
      fc.property(text(2), fc.integer({ min: 1, max: 3 }), (tokens, pads) => {
        tf.tidy(() => {
          const read = reader(model)
          const padded = [...Array<number>(pads).fill(0), ...tokens]
          const mask = ids([padded.map((_, i) => (i < pads ? 0 : 1))])
          const positions = ids([padded.map((_, i) => Math.max(0, i - pads))])
          const found = part(read(ids([padded]), { mask, positions }).logits, pads, tokens.length)
          expect(farthest(found, read(ids([tokens])).logits)).toBeLessThan(2e-5)
        })
      }),
      runs
    )
  })
})

describe.each(TestModels.names.filter((name) => /llama|mistral|qwen/.test(name)))("%s", (name) => {
  it("only how far tokens are from each other counts", () => {
    fc.assert(
      fc.property(text(3), fc.integer({ min: 1, max: 7 }), (tokens, by) => {
        tf.tidy(() => {
          const read = reader(TestModels.make(name))
          const positions = ids([tokens.map((_, i) => i + by)])
          const plain = read(ids([tokens])).logits
          expect(farthest(read(ids([tokens]), { positions }).logits, plain)).toBeLessThan(1e-4)
          // between equal tokens no distance shows
          if (new Set(tokens).size < tokens.length) return
          const spread = ids([tokens.map((_, i) => i * (1 + by))])
          expect(farthest(read(ids([tokens]), { positions: spread }).logits, plain)).toBeGreaterThan(1e-6)
        })
      }),
      runs
    )
  })
})

it("RoBERTa counts the tokens that are no padding, from the pad token's number on", () => {
  const model = TestModels.make("roberta TokenClassification")
  tf.tidy(() => {
    const weights = weightsOf(model)
    const batch = { input_ids: ids([[5, 1, 7, 9, 1, 1]]), position_ids: ids([[2, 1, 3, 4, 1, 1]]) }
    const logits = (given: Tensors) => model.apply(weights, given, context).outputs.logits!
    expect(farthest(logits({ input_ids: batch.input_ids }), logits(batch))).toBe(0)
  })
})

/** A batch with labels of any head. */
const batchOf = (model: Transformer, tokens: ReadonlyArray<number>, pads: number): Tensors => {
  const filled = [...tokens, ...Array<number>(pads).fill(model.padTokenId ?? 0)]
  const labels = [...tokens.map((token) => token % 3), ...Array<number>(pads).fill(-100)]
  return {
    input_ids: ids([filled]),
    attention_mask: ids([filled.map((_, i) => (i < tokens.length ? 1 : 0))]),
    ...(model.architecture.endsWith("SequenceClassification")
      ? { labels: tf.tensor1d([1], "int32") }
      : model.labels!.length === 2
        ? { start_positions: tf.tensor1d([0], "int32"), end_positions: tf.tensor1d([1], "int32") }
        : { labels: ids([labels]) })
  }
}

describe.each(TestModels.names)("%s", (name) => {
  const model = TestModels.make(name)

  it("padding changes no loss and no output", () => {
    fc.assert(
      fc.property(text(2), fc.integer({ min: 1, max: 4 }), (tokens, pads) => {
        tf.tidy(() => {
          const weights = weightsOf(model)
          const [short, long] = [0, pads].map((n) => model.apply(weights, batchOf(model, tokens, n), context))
          for (const [output, values] of Object.entries(short!.outputs)) {
            const found = long!.outputs[output]!
            expect(
              farthest(values.rank > 1 && values.shape[1] === tokens.length ? part(found, 0, tokens.length) : found, values)
            ).toBeLessThan(2e-5)
          }
          if (model.architecture.endsWith("QuestionAnswering")) return // its classes are the places, padding among them
          expect(farthest(long!.loss!.sum, short!.loss!.sum)).toBeLessThan(1e-4)
          expect(farthest(long!.loss!.count, short!.loss!.count)).toBe(0)
        })
      }),
      runs
    )
  })

  it("a row gives the same beside any other", () => {
    tf.tidy(() => {
      const weights = weightsOf(model)
      const rows = [
        [2, 5, 9, 4],
        [8, 8, 3, 17]
      ].map((row) => batchOf(model, row, 0))
      const both = Object.fromEntries(
        Object.keys(rows[0]!).map((field) => [
          field,
          tf.concat(
            rows.map((row) => row[field]!),
            0
          )
        ])
      )
      const together = model.apply(weights, both, context).outputs
      const alone = rows.map((row) => model.apply(weights, row, context).outputs)
      for (const output of Object.keys(together))
        expect(
          farthest(
            together[output]!,
            tf.concat(
              alone.map((outputs) => outputs[output]!),
              0
            )
          )
        ).toBeLessThan(2e-5)
    })
  })

  it("every parameter has a gradient, its parts are those of the blueprint, and a pass leaves no tensor", () => {
    const parameters = weightsOf(model)
    expect(Object.fromEntries(Object.entries(parameters).map(([path, { shape }]) => [path, shape]))).toEqual(
      Object.fromEntries(Object.entries(model.blueprint).map(([path, { shape }]) => [path, shape]))
    )
    const batch = tf.tidy(() => batchOf(model, [2, 5, 9, 4, 11], 1))
    const { numTensors } = tf.memory()
    for (const seed of [1, 2]) {
      const { gradients, loss } = Gradients.valueAndGrads((weights) => {
        const { loss } = model.apply(weights, batch, { ...context, training: true, key: Key.make(seed) })
        return { loss: loss!.sum, aux: {} }
      }, parameters)
      for (const [path, gradient] of Object.entries(gradients)) {
        const size = tf.tidy(() => tf.sum(tf.abs(gradient)).dataSync()[0]!)
        // Attention to keys is unmoved by what is added to all of them alike.
        if (!/k_proj\.bias|key\.bias|k_lin\.bias|relative_attention_bias/.test(path)) expect(size, path).toBeGreaterThan(0)
      }
      tf.dispose([gradients, loss])
      expect(tf.memory().numTensors).toBe(numTensors)
    }
    tf.dispose([parameters, batch])
  })

  it("dropout is keyed, and there in training alone", () => {
    const dropping = TestModels.make(name, TestModels.dropouts(0.4))
    tf.tidy(() => {
      const weights = weightsOf(dropping)
      const outputs = (seed: number, training = true) =>
        Object.values(
          dropping.apply(weights, batchOf(dropping, [2, 5, 9, 4], 0), { ...context, training, key: Key.make(seed) }).outputs
        )[0]!
      expect(farthest(outputs(1), outputs(1))).toBe(0)
      expect(farthest(outputs(1), outputs(2))).toBeGreaterThan(1e-3)
      expect(farthest(outputs(1, false), outputs(2, false))).toBe(0)
    })
  })
})
