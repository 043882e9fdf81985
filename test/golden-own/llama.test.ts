/** Llama, Mistral and Qwen2 against transformers' and the real Trainer's, and the forward pass of RoBERTa, DistilBERT and ELECTRA. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import { expectClose, forward, open, replay } from "../golden/Trajectory.ts"

interface Parity {
  readonly logits: unknown
  readonly loss: number
  readonly hidden_states: ReadonlyArray<unknown>
}

const opened = (name: string) => open(name, "init_checkpoint", new URL("./", import.meta.url))

describe.each([
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const)("on %s", (_, layer) => {
  it.effect.each(["llama", "mistral", "qwen2", "roberta", "distilbert", "electra"])(
    "the forward pass of %s is transformers'",
    (name) =>
      Effect.gen(function* () {
        const trajectory = opened(name)
        const { logits, loss, hidden_states } = trajectory.json<Parity>("forward_parity.json")
        const rows = (logits as ReadonlyArray<unknown>).map((_, row) => row)
        const outputs = yield* forward(
          trajectory.model({ output_hidden_states: true }),
          trajectory.weights,
          trajectory.batch("train", rows)
        )
        expectClose(outputs.logits!, logits, "logits")
        expectClose(outputs.loss!, loss, "loss")
        for (const [i, states] of hidden_states.entries())
          expectClose(outputs[`hidden_states.${i}`]!, states, `hidden states ${i}`)
        expect(hidden_states).toHaveLength(3)
      }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect.each(["llama/base", "mistral/ga2", "qwen2/base"])("%s is trained as recorded", (name) => {
    const [folder, variant] = name.split("/") as [string, string]
    return replay(opened(folder), variant).pipe(Effect.provide(layer, { local: true }))
  })
})
