/** Transformers give the same on every device: outputs, losses and gradients, with dropout. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import type { Transformer } from "../../src/Model/Transformers.ts"
import * as Gradients from "../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Key from "../../src/Tensor/Key.ts"
import type { Tensors } from "../../src/Tensor/Tensor.ts"
import * as Tiny from "../support/transformers.ts"

const key = Key.make(11)
const rates = Tiny.dropouts(0.2)
const ints = (values: HostTensor.Nested) => HostTensor.fromArray(values, "int32")

const batchOf = (model: Transformer): HostTensor.HostTensors => ({
  input_ids: ints([
    [2, 5, 9, 4, 11],
    [7, 3, 18, 0, 0]
  ]),
  attention_mask: ints([
    [1, 1, 1, 1, 1],
    [1, 1, 1, 0, 0]
  ]),
  ...(model.architecture.endsWith("SequenceClassification")
    ? { labels: ints([2, 0]) }
    : model.labels!.length === 2
      ? { start_positions: ints([0, 1]), end_positions: ints([3, 9]) }
      : {
          labels: ints([
            [1, 2, 0, -100, 1],
            [0, 2, 1, -100, -100]
          ])
        })
})

/** The loss, the outputs and the gradients of a pass in training. */
const pass = Effect.fnUntraced(function* (model: Transformer) {
  const device = yield* Device
  const tensors = yield* device.run("pass", () => {
    const batch = HostTensor.toDevice(batchOf(model))
    const { aux, gradients, loss } = Gradients.valueAndGrads<Tensors>(
      (weights) => {
        const { loss, outputs } = model.apply(weights, batch, { training: true, key, buffers: {} })
        return { loss: loss!.sum, aux: { count: loss!.count, ...outputs } }
      },
      HostTensor.toDevice(model.init(key))
    )
    return { ...gradients, ...aux, loss } as Tensors
  })
  const host = yield* device.read(tensors)
  yield* device.dispose(tensors)
  expect((yield* device.memory).tensors).toBe(0)
  return host
})

it.effect.each(Tiny.names)("%s", (name) =>
  Effect.gen(function* () {
    const model = Tiny.make(name, { ...rates, output_hidden_states: true })
    const expected = yield* Effect.provide(pass(model), Cpu.layer, { local: true })
    const found = yield* Effect.provide(pass(model), Wasm.layer, { local: true })
    expect(Object.keys(found)).toEqual(Object.keys(expected))
    for (const [path, { data }] of Object.entries(expected)) {
      expect(data.every(Number.isFinite), path).toBe(true)
      const scale = Math.max(1, ...Array.from(data, Math.abs))
      const worst = Math.max(...Array.from(data, (value, i) => Math.abs(value - found[path]!.data[i]!)))
      expect(worst / scale, path).toBeLessThanOrEqual(2e-5)
    }
  })
)
