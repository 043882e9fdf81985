/** Callbacks are called in the recorded order, request what their event's type allows, and keep their state over resumes. */
import { expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({
  horizon: Horizon.make({ batchesPerEpoch: 6, epochs: 1, accumulation: 2 }),
  learningRate: LearningRate.constant({ peak: 0.01 }),
  log: Trigger.every(1),
  evaluate: Trigger.every(2),
  save: Trigger.every(2),
  sets: ["eval"]
})

const names = [
  "onInitEnd",
  "onTrainBegin",
  "onEpochBegin",
  "onStepBegin",
  "onSubstepEnd",
  "onPreOptimizerStep",
  "onOptimizerStep",
  "onStepEnd",
  "onLog",
  "onEvaluate",
  "onSave",
  "onEpochEnd",
  "onTrainEnd"
] as const

const train = (callbacks: ReadonlyArray<Callback.Callback<never, never>>, store = Tiny.store()) =>
  Effect.gen(function* () {
    return yield* Trainer.train(yield* Tiny.task(), plan, { callbacks })
  }).pipe(Effect.provide(Tiny.layers({ store: store.layer }), { local: true }))

it.effect("calls handlers in the order of Hugging Face's callbacks", () =>
  Effect.gen(function* () {
    const calls: Array<string> = []
    const handlers = Object.fromEntries(names.map((name) => [name, () => void calls.push(name)]))
    yield* train([
      Callback.make({
        ...(handlers as Callback.Handlers<undefined, never, never>),
        onPredictionStep: ({ done, set, total }) => void calls.push(`${set} ${done}/${total}`)
      })
    ])
    const step = ["onStepBegin", "onSubstepEnd", "onPreOptimizerStep", "onOptimizerStep", "onStepEnd", "onLog"]
    const evaluation = ["eval 1/3", "eval 2/3", "eval 3/3", "onLog", "onEvaluate", "onSave"]
    expect(calls).toEqual([
      ...["onInitEnd", "onTrainBegin", "onEpochBegin"],
      ...step,
      ...step,
      ...evaluation,
      ...step,
      ...["onEpochEnd", "onLog", "onTrainEnd"]
    ])
  })
)

it.effect("logs has the values of training, of an evaluation and of the summary", () =>
  Effect.gen(function* () {
    const logs: Array<ReadonlyArray<string>> = []
    const evaluations: Array<ReadonlyArray<string>> = []
    yield* train([
      Callback.make({
        onLog: (event) => void logs.push(Object.keys(event.logs)),
        onEvaluate: (event) => void evaluations.push(Object.keys(event.logs)),
        onStepEnd: (event) => void expect(event.logs).toEqual({})
      })
    ])
    const evaluation = ["eval_loss", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second", "epoch"]
    expect(logs[0]).toEqual(["loss", "grad_norm", "learning_rate", "epoch"])
    expect(logs[2]).toEqual(evaluation.filter((name) => logs[2]!.includes(name)))
    expect(logs[2]).toContain("eval_loss")
    expect(logs.at(-1)).toEqual(expect.arrayContaining(["train_runtime", "total_flos", "train_loss"]))
    expect(evaluations).toEqual([logs[2]])
  })
)

it.effect("performs what is requested, also beside an observer", () =>
  Effect.gen(function* () {
    const { state } = yield* train([
      Callback.make({ onStepEnd: ({ state }) => (state.globalStep === 1 ? { ask: ["stopRun", "save"] } : {}) })
    ])
    expect(state).not.toHaveProperty("globalStep")
    expect([state.step, state.checkpoints]).toEqual([1, [1]])
    const both = yield* Effect.gen(function* () {
      return yield* Trainer.train(yield* Tiny.task(), plan, {
        observe: { StepEnded: () => Effect.succeed(["save"]) },
        callbacks: [Callback.make({ onStepEnd: () => Effect.succeed({ ask: ["stopRun"] as const }) })]
      })
    }).pipe(Effect.provide(Tiny.layers(), { local: true }))
    expect([both.state.step, both.state.checkpoints]).toEqual([1, [1]])
  })
)

const counter = (seen: Array<number> = []) =>
  Callback.make({
    name: "Counter",
    state: { schema: Schema.Struct({ steps: Schema.Number, at: Schema.Date }), initial: { steps: 0, at: new Date(0) } },
    onStepEnd: (_, { at, steps }) => {
      seen.push(steps)
      return { state: { steps: steps + 1, at: new Date(at.getTime() + 1000) } }
    }
  })

it.effect("saves the state in the checkpoint by its codec, and restores it", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const seen: Array<number> = []
    const { state } = yield* train([counter(seen)], store)
    expect(seen).toEqual([0, 1, 2])
    expect(state.callbacks).toEqual({ Counter: { steps: 3, at: "1970-01-01T00:00:03.000Z" } })
    expect(store.kept.get(2)!.state.callbacks).toEqual({ Counter: { steps: 2, at: "1970-01-01T00:00:02.000Z" } })
    const again: Array<number> = []
    const resumed = yield* train([counter(again)], store)
    expect(again).toEqual([2])
    expect(resumed.state.callbacks).toEqual(state.callbacks)
  })
)

it.effect("a failure of a callback ends the run, and the resumed run calls it again with the event", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    let fail = true
    const seen: Array<number> = []
    const failing = Callback.make({
      onStepEnd: ({ state }) => {
        seen.push(state.step)
        return state.step === 1 && fail ? Effect.fail("no") : undefined
      }
    })
    const run = (callbacks: ReadonlyArray<Callback.Callback<string>>) =>
      Effect.gen(function* () {
        return yield* Trainer.train(yield* Tiny.task(), plan, { callbacks })
      }).pipe(Effect.provide(Tiny.layers({ store: store.layer }), { local: true }))
    expect(yield* Effect.flip(run([failing]))).toBe("no")
    fail = false
    yield* run([failing])
    expect(seen).toEqual([1, 1, 2, 3])
  })
)

it.effect("refuses a state that does not decode, and two states of one name, before the first step", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    yield* train([counter()], store)
    const other = Callback.make({ name: "Counter", state: { schema: Schema.String, initial: "" }, onStepEnd: () => {} })
    const unreadable = yield* Effect.flip(train([other], store))
    expect(unreadable.message).toContain('The state of callback "Counter" in the checkpoint does not match its schema')
    const twice = yield* Effect.flip(train([counter(), counter()], store))
    expect(twice.message).toContain('Two callbacks keep state under the name "Counter"')
  })
)

it.effect("names a request that does not exist", () =>
  Effect.gen(function* () {
    const wrong = Callback.make({ name: "Wrong", onStepEnd: () => ({ ask: ["savee" as "save"] }) })
    const error = yield* Effect.flip(train([wrong]))
    expect(error.message).toContain('Callback "Wrong" asks for "savee". Expected: log, evaluate, save')
  })
)

it.effect("keeps a state without a schema as plain JSON, also if it is mutated", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const seen: Array<number> = []
    const counting = Callback.make({
      name: "Plain",
      state: { initial: { steps: 0, kinds: ["a"] } },
      onStepEnd: (_, state) => {
        seen.push(state.steps)
        state.steps++
        return { state }
      }
    })
    const { state } = yield* train([counting], store)
    expect(state.callbacks).toEqual({ Plain: { steps: 3, kinds: ["a"] } })
    expect(store.kept.get(2)!.state.callbacks).toEqual({ Plain: { steps: 2, kinds: ["a"] } })
    yield* train([counting], store)
    expect(seen).toEqual([0, 1, 2, 2])
    yield* train([counting])
    expect(seen.slice(4)).toEqual([0, 1, 2])
  })
)

it.effect("refuses a state that is not JSON without a schema", () =>
  Effect.gen(function* () {
    const dated = Callback.make({ name: "Dated", state: { initial: {} }, onStepEnd: () => ({ state: new Date(0) }) })
    const error = yield* Effect.flip(train([dated]))
    expect(error.message).toContain('The state of callback "Dated" cannot be written to a checkpoint')
  })
)

it.effect("awaits a promise, performs its requests and keeps its state", () =>
  Effect.gen(function* () {
    let watched = 0
    const pause = () => new Promise((resolve) => setTimeout(resolve, 1))
    const slow = Callback.make({
      name: "Slow",
      state: { initial: 0 },
      onStepEnd: async ({ state }, seen) => {
        await pause()
        return state.step === 2 ? { state: seen + 1, ask: ["stopRun"] } : { state: seen + 1 }
      },
      onPredictionStep: async () => {
        await pause()
        watched++
      }
    })
    const { state } = yield* train([slow])
    expect([state.step, state.callbacks, watched]).toEqual([2, { Slow: 2 }, 3])
  })
)

it.effect("an exception or a rejected promise names the callback and the event", () =>
  Effect.gen(function* () {
    const cause = new Error("boom")
    const boom = () => {
      throw cause
    }
    const reject = async () => boom()
    for (const handler of [boom, reject])
      for (const event of ["onInitEnd", "onStepEnd", "onEvaluate", "onPredictionStep"] as const) {
        const error = yield* Effect.flip(train([Callback.make({ name: "Mine", [event]: handler })]))
        expect(error).toMatchObject({ _tag: "CallbackFailed", message: `callback "Mine" failed at ${event}: boom`, cause })
      }
  })
)

it.effect("accepts a single request, and refuses a reply's requests of another type by name", () =>
  Effect.gen(function* () {
    const single = Callback.make({ onStepEnd: ({ state }) => (state.step === 1 ? { ask: "stopRun" } : {}) })
    expect((yield* train([single])).state.step).toBe(1)
    for (const ask of ["no" as "save", 5 as unknown as "save", { save: true } as unknown as "save"]) {
      const error = yield* Effect.flip(train([Callback.make({ name: "Wrong", onStepEnd: () => ({ ask }) })]))
      expect(error).toMatchObject({ _tag: "InvalidTask" })
      expect(error.message).toContain('Callback "Wrong" asks for')
    }
  })
)

it.effect("onEvaluate has runtime and speeds among its metrics", () =>
  Effect.gen(function* () {
    const metrics: Array<Readonly<Record<string, number>>> = []
    yield* train([Callback.make({ onEvaluate: (event) => void metrics.push(event.metrics) })])
    expect(Object.keys(metrics[0]!)).toEqual(
      expect.arrayContaining(["eval_loss", "eval_runtime", "epoch"]) // the test clock stands still: there are no speeds
    )
  })
)

it("refuses an unknown handler when the callback is made", () => {
  const make = () => Callback.make({ name: "Mine", onStepEnds: () => {} } as Callback.Handlers<undefined, never, never>)
  expect(make).toThrow(expect.objectContaining({ _tag: "InvalidTask" }))
  expect(make).toThrow('Callback "Mine" has an unknown option "onStepEnds". Did you mean onStepEnd?')
})

it("infers the union of its handlers' errors and requirements", () => {
  class First extends Schema.TaggedError<First>()("First", {}) {}
  class Second extends Schema.TaggedError<Second>()("Second", {}) {}
  const both: Callback.Callback<First | Second> = Callback.make({
    onStepEnd: ({ state }) => (state.step > 1 ? new First() : undefined),
    onLog: () => Effect.fail(new Second())
  })
  expect(both.handles).toContain("StepEnded")
  // @ts-expect-error -- an unknown handler gives no callback
  const unknown = (): Callback.Callback => Callback.make({ onStepEnd: () => {}, onStepEnds: () => {} })
  expect(unknown).toThrow()
})
