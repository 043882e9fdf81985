/** Callbacks with different errors and requirements compose without type arguments: those of the run are unions. */
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Program from "../../../src/Program/Program.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Tiny from "../../support/tiny.ts"

class First extends Schema.TaggedError<First>()("First", {}) {}
class Second extends Schema.TaggedError<Second>()("Second", {}) {}
class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {}) {}
class Limit extends Context.Service<Limit, number>()("test/Limit") {}

const first = Callback.make({ onStepEnd: ({ state }) => (state.step > 1 ? new First() : undefined) })
const second = Callback.make({
  name: "Second",
  onStepEnd: ({ state }) => Effect.flatMap(Limit, (limit) => (state.step > limit ? new Second() : Effect.void))
})

const plan = Plan.make({
  horizon: Horizon.make({ batchesPerEpoch: 6, epochs: 1 }),
  learningRate: LearningRate.constant({ peak: 0.01 })
})

it.effect("in a run, beside an observer", () =>
  Effect.gen(function* () {
    const observe = { StepEnded: () => Effect.succeed([]) }
    const run = Trainer.train(yield* Tiny.task(), plan, { callbacks: [first, second], observe })
    const typed = Effect.catchTags(run, { First: () => Effect.succeed("first"), Second: () => Effect.succeed("second") })
    expect(yield* Effect.provideService(typed, Limit, 0)).toBe("second")
    expect(yield* Effect.provideService(typed, Limit, 9)).toBe("first")
  }).pipe(Effect.provide(Tiny.layers()))
)

it("in a Trainer, beside a dataset with an error of its own", () => {
  const rows = Effect.flatMap(Limit, (limit) => (limit < 0 ? new Unreadable() : Effect.succeed(Dataset.fromArray(Tiny.rows(4)))))
  const make = () => Trainer.make({ model: Tiny.model, trainDataset: rows, callbacks: [first, second, Callback.printer] })
  const trained = Effect.flatMap(make(), (trainer) =>
    Effect.catchTags(trainer.train(), { First: Effect.succeed, Second: Effect.succeed, Unreadable: Effect.succeed })
  )
  const required: Effect.Effect<unknown, unknown, Trainer.Services | Limit> = trained
  expect(Layer.isLayer(required)).toBe(false)
})

it("in a Program, beside a dataset with an error of its own", () => {
  const rows = Effect.flatMap(Limit, (limit) => (limit < 0 ? new Unreadable() : Effect.succeed(Dataset.fromArray(Tiny.rows(4)))))
  const program = Program.make({ model: Tiny.model, trainDataset: rows, callbacks: [first, second, Callback.printer] })
  const typed: Program.Program<First | Second | Unreadable, Limit> = program
  expect(typed._tag).toBe("Program")
})
