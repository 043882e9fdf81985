/** GPT-2's token types: rows of the tokens' own embedding, added as transformers does. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Generation from "../../../src/Evaluation/Generation.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as TestModels from "../../support/transformers.ts"

const model = TestModels.make("gpt2")
const parameters = model.init(Key.make(4))
const ids = [
  [7, 3, 9],
  [2, 11, 5]
]
const int = (values: HostTensor.Nested) => HostTensor.fromArray(values, "int32")
const types = (kind: number) => int(ids.map((row) => row.map(() => kind)))

/** The parameters with the embedding of a token added to every position: what the token types of one kind amount to. */
const shifted = (kind: number): HostTensor.HostTensors => {
  const [words, places] = [parameters["transformer.wte.weight"]!, parameters["transformer.wpe.weight"]!]
  const width = words.shape[1]!
  const data = Float32Array.from(places.data, (value, at) => value + words.data[kind * width + (at % width)]!)
  return { ...parameters, "transformer.wpe.weight": { ...places, data } }
}

const logitsOf = Effect.fnUntraced(function* (weights: HostTensor.HostTensors, batch: HostTensor.HostTensors) {
  const device = yield* Device
  const context = { training: false, key: Key.make(0), buffers: {} }
  const outputs = yield* device.run("test", () => {
    const { logits } = model.apply(HostTensor.toDevice(weights), HostTensor.toDevice(batch), context).outputs
    return { logits: logits! }
  })
  const { logits } = yield* device.read(outputs)
  yield* device.dispose(outputs)
  return Array.from(logits!.data)
})

it.effect("adds the embedding of each token's type to it", () =>
  Effect.gen(function* () {
    const batch = { input_ids: int(ids) }
    const found = yield* logitsOf(parameters, { ...batch, token_type_ids: types(6) })
    const expected = yield* logitsOf(shifted(6), batch)
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 4)
    expect(found).not.toEqual(yield* logitsOf(parameters, batch))
  }).pipe(Effect.provide(Cpu.layer))
)

it.effect.each([{}, { numBeams: 2 }])("generates with token types, new tokens being of the last one's kind: %o", (settings) =>
  Effect.gen(function* () {
    const device = yield* Device
    const generate = Effect.fnUntraced(function* (host: HostTensor.HostTensors, batch: HostTensor.HostTensors) {
      const weights = { parameters: yield* device.put(host), buffers: {} }
      const found = yield* Generation.generate({ model, weights, batch, settings: { maxNewTokens: 5, ...settings } })
      yield* device.dispose(weights.parameters)
      return Array.from(found.sequences.data)
    })
    const found = yield* generate(parameters, { input_ids: int(ids), token_type_ids: types(6) })
    expect(found).toEqual(yield* generate(shifted(6), { input_ids: int(ids) }))
  }).pipe(Effect.provide(Cpu.layer))
)

it.effect("refuses token types that are no token, or not of the prompt's shape", () =>
  Effect.gen(function* () {
    expect(model.validate?.({ input_ids: int(ids), token_type_ids: types(19) })).toMatchObject({
      field: "token_type_ids",
      row: 0
    })
    const batch = { input_ids: int(ids), token_type_ids: int([[1, 2]]) }
    const error = yield* Effect.flip(Generation.generate({ model, weights: { parameters: {}, buffers: {} }, batch }))
    expect(error.message).toContain("token_type_ids: it is [1,2]")
  }).pipe(Effect.provide(Cpu.layer))
)
