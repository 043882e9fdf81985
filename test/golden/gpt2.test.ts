/** GPT-2 against transformers' and the real Trainer's. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import type { Loss } from "../../src/Model/Model.ts"
import * as Reduction from "../../src/Step/Reduction.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { expectClose, forward, open, replay } from "./Trajectory.ts"

const trajectory = open("gpt2_lm")
interface Parity {
  readonly logits: unknown
  readonly loss: number
  readonly hidden_states: ReadonlyArray<unknown>
}

describe.each([
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const)("gpt2_lm on %s", (_, layer) => {
  it.effect("matches transformers' forward pass", () =>
    Effect.gen(function* () {
      const parity = trajectory.json<Parity>("forward_parity.json")
      const model = trajectory.model({ output_hidden_states: true })
      const outputs = yield* forward(model, trajectory.weights, trajectory.batch("train", [0, 1]))
      expectClose(outputs.logits!, parity.logits, "logits")
      expectClose(outputs.loss!, parity.loss, "loss")
      for (const [i, states] of parity.hidden_states.entries()) expectClose(outputs[`hidden_states.${i}`]!, states, `hidden states ${i}`)
      expect(parity.hidden_states).toHaveLength(3)
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect.each(["base", "ga2"])("%s: follows the recorded training", (variant) =>
    replay(trajectory, variant).pipe(Effect.provide(layer, { local: true }))
  )

  // Deliberate difference (g): there the loss of an update is the sum of its micro-batches' means, three times too large; here it is their mean.
  it.effect("ga3_label_smoothing: follows the recorded training, except for the division by the accumulation (difference g)", () =>
    replay(trajectory, "ga3_label_smoothing", { reduction: undivided }).pipe(Effect.provide(layer, { local: true }))
  )
})

/** Micro-batches are added up and not divided by their number. */
const undivided: Reduction.Reduction = {
  ...Reduction.trainer,
  train: (loss: Loss) => ({ sum: tf.div(loss.sum, loss.count), count: tf.scalar(1 / 3) })
}
