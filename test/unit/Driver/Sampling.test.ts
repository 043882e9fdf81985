/** A run generates with its weights; the key decides what is sampled. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CurrentRun from "../../../src/Driver/CurrentRun.ts"
import * as Driver from "../../../src/Driver/Driver.ts"
import * as Optimizer from "../../../src/Layer/Optimizer.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as TrainerState from "../../../src/TrainerState.ts"
import * as Tiny from "../../support/tiny.ts"
import * as TestModels from "../../support/transformers.ts"

it.effect("samples other tokens with another key, and the same with the same", () =>
  Effect.gen(function* () {
    const model = TestModels.make("gpt2", {})
    const { at } = yield* CurrentRun.make({
      config: Driver.taskConfig({ model }),
      weights: CurrentRun.hostSource({ parameters: model.init(Key.make(1)), buffers: {}, slots: {} }),
      learningRate: () => 0,
      openRows: undefined,
      args: undefined,
      tokenizer: undefined,
      optimizer: Optimizer.adamw(),
      trainDataloader: undefined,
      evalDataloaders: {}
    })
    const batch = { input_ids: HostTensor.fromArray([[1, 2]], "int32") }
    const run = at(TrainerState.initial)
    const sampled = yield* Effect.forEach([1, 1, 2, 3], (seed) =>
      Effect.map(run.generate(batch, { maxNewTokens: 8, doSample: true }, Key.make(seed)), (result) => JSON.stringify(result))
    )
    expect(sampled[0]).toBe(sampled[1])
    expect(new Set(sampled).size).toBe(3)
  }).pipe(Effect.provide(Tiny.layers()))
)
