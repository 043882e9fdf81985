/** A plan of the wrong form is refused before the store is opened. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Trainer from "../../../src/Driver/Driver.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Program from "../../../src/Program/Program.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({ horizon: Horizon.make({ maxSteps: 2, batchesPerEpoch: 2 }), learningRate: () => 0.1, log: () => false })

const cases: ReadonlyArray<readonly [given: object, message: string]> = [
  [
    { learningRate: 0.1 },
    "The plan's learningRate is the number 0.1; expected a function. For a constant rate give LearningRate.constant({ peak: 1e-3 })."
  ],
  [{ log: "steps" }, `The plan's log is the string "steps"; expected a function, for example Trigger.every(100).`],
  [{ learningrate: () => 0.1 }, "A plan has no option learningrate. Did you mean learningRate?"],
  [{ retention: undefined }, "The plan's retention is undefined; expected a function."]
]

for (const [given, message] of cases)
  it.effect(`refuses a plan with ${Object.keys(given)}: ${typeof Object.values(given)[0]} before the store is opened`, () =>
    Effect.gen(function* () {
      const wrong = { ...plan, ...given } as Plan.Plan
      let opened = false
      const inner = Tiny.store().layer
      const store = Layer.effect(
        CheckpointStore,
        Effect.map(CheckpointStore, (store) => ({
          ...store,
          open: Effect.suspend(() => {
            opened = true
            return store.open
          })
        }))
      ).pipe(Layer.provide(inner))
      const task = yield* Tiny.task()
      const failure = yield* Effect.flip(Trainer.train(task, wrong)).pipe(Effect.provide(Tiny.layers({ store }), { local: true }))
      expect(failure).toMatchObject({ _tag: "InvalidTask", message })
      expect(opened).toBe(false)
    })
  )

it.effect("preparing a program refuses the plan that it returns, and a learning rate that is no function", () =>
  Effect.gen(function* () {
    const base = {
      args: { maxSteps: 2, perDeviceTrainBatchSize: 2 },
      model: Tiny.model,
      dataCollator: Tiny.collate,
      trainDataset: Dataset.fromArray(Tiny.rows(8))
    }
    const failure = (more: object) => Effect.flip(Effect.scoped(Program.prepare(Program.make({ ...base, ...more }))))
    expect((yield* failure({ plan: (given: Plan.Plan) => ({ ...given, saved: () => true }) })).message).toBe(
      "A plan has no option saved. Did you mean save?"
    )
    expect((yield* failure({ plan: () => undefined })).message).toContain("Expected a plan, got undefined: return the plan")
    expect((yield* failure({ optimizers: [null, 0.1] })).message).toContain("learningRate is the number 0.1; expected a function")
  }).pipe(Effect.provide(Cpu.layer))
)
