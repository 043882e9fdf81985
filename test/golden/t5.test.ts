/** T5 against transformers' and the real Trainer's. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { expectClose, forward, open, replay } from "./Trajectory.ts"

const trajectory = open("t5_seq2seq")
interface Parity {
  readonly logits: unknown
  readonly loss: number
  readonly encoder_last_hidden_state: unknown
  readonly decoder_input_ids: HostTensor.Nested
}

describe.each([
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const)("t5_seq2seq on %s", (_, layer) => {
  it.effect("the forward pass is transformers'", () =>
    Effect.gen(function* () {
      const parity = trajectory.json<Parity>("forward_parity.json")
      const model = trajectory.model({ output_hidden_states: true })
      const batch = trajectory.batch("train", [0, 1])
      const outputs = yield* forward(model, trajectory.weights, batch)
      expectClose(outputs.logits!, parity.logits, "logits")
      expectClose(outputs.loss!, parity.loss, "loss")
      expectClose(outputs["encoder_hidden_states.2"]!, parity.encoder_last_hidden_state, "encoder's last hidden state")
      const shifted = { ...batch, decoder_input_ids: HostTensor.fromArray(parity.decoder_input_ids, "int32") }
      expect((yield* forward(model, trajectory.weights, shifted)).logits).toEqual(outputs.logits)
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect.each(["base", "ga2_beams4", "label_smoothing", "adafactor"])("%s is trained as recorded", (variant) =>
    replay(trajectory, variant, { wholeBatches: true }).pipe(Effect.provide(layer, { local: true }))
  )
})
