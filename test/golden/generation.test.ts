/** What a T5 writes, as transformers has it write: greedy and by beams, with the scores of the latter. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import * as Wasm from "../../src/Layer/Device/Wasm.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import * as Generation from "../../src/Evaluation/Generation.ts"
import { open } from "./Trajectory.ts"

interface Case {
  readonly name: string
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly sequences: HostTensor.Nested
  readonly sequences_scores?: ReadonlyArray<number>
}
interface Row {
  readonly input_ids: ReadonlyArray<number>
  readonly attention_mask: ReadonlyArray<number>
}

const trajectory = open("t5_seq2seq", "gen_checkpoint")
const recorded = trajectory.json<{ readonly rows: ReadonlyArray<Row>; readonly generate: ReadonlyArray<Case> }>(
  "generate_trained.json"
)
const batch = {
  input_ids: HostTensor.fromArray(recorded.rows.map(({ input_ids }) => input_ids), "int32"),
  attention_mask: HostTensor.fromArray(recorded.rows.map(({ attention_mask }) => attention_mask), "int32")
}

describe.each([
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const)("on %s", (_, layer) => {
  it.effect.each(recorded.generate.map((each) => [each.name, each] as const))("%s", ([, { kwargs, sequences, sequences_scores }]) =>
    Effect.gen(function* () {
      const device = yield* Device
      const parameters = yield* device.put(trajectory.weights)
      const { numTensors } = tf.memory()
      const settings = Result.getOrThrow(Generation.fromJson(kwargs))
      const found = yield* Generation.generate({ model: trajectory.model(), weights: { parameters, buffers: {} }, batch, settings })
      expect(tf.memory().numTensors).toBe(numTensors)
      yield* device.dispose(parameters)
      expect(found.sequences).toEqual(HostTensor.fromArray(sequences, "int32"))
      for (const [i, score] of (sequences_scores ?? []).entries()) expect(found.scores?.[i]).toBeCloseTo(score, 4)
    }).pipe(Effect.provide(layer, { local: true }))
  )
})
