/** BERT against transformers' and the real Trainer's. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import { expectClose, forward, open, replay } from "./Trajectory.ts"

const trajectory = open("bert_cls")
interface Parity {
  readonly logits: unknown
  readonly loss: number
  readonly hidden_states: ReadonlyArray<unknown>
  readonly logits_without_token_type_ids: unknown
}

describe.each([
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const)("bert_cls on %s", (_, layer) => {
  it.effect("matches transformers' forward pass", () =>
    Effect.gen(function* () {
      const parity = trajectory.json<Parity>("forward_parity.json")
      const model = trajectory.model({ output_hidden_states: true })
      const outputs = yield* forward(model, trajectory.weights, trajectory.batch("train", [0, 1, 2, 3]))
      expectClose(outputs.logits!, parity.logits, "logits")
      expectClose(outputs.loss!, parity.loss, "loss")
      for (const [i, states] of parity.hidden_states.entries()) expectClose(outputs[`hidden_states.${i}`]!, states, `hidden states ${i}`)
      const bare = yield* forward(model, trajectory.weights, trajectory.batch("train", [0, 1, 2, 3], ["token_type_ids"]))
      expectClose(bare.logits!, parity.logits_without_token_type_ids, "logits without token types")
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect.each(["base", "ga2", "label_smoothing", "ga2_label_smoothing"])("%s: follows the recorded training", (variant) =>
    replay(trajectory, variant).pipe(Effect.provide(layer, { local: true }))
  )
})
