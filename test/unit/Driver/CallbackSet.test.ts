/** Calls the callbacks of a run in order, collects their requests, and reads and writes their states. */
import { expect, it } from "@effect/vitest"
import { Console, Effect, Schema } from "effect"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as CallbackSet from "../../../src/Driver/CallbackSet.ts"
import type { CurrentRun } from "../../../src/Driver/CurrentRun.ts"
import type { EventOf } from "../../../src/Schedule/Event.ts"
import * as TrainerState from "../../../src/TrainerState.ts"

const eventOf = (callbacks: TrainerState.Callbacks = {}) =>
  ({ _tag: "StepEnded", state: { ...TrainerState.initial, callbacks } }) as EventOf<"StepEnded">

const open = <E, R>(callbacks: ReadonlyArray<Callback.Callback<E, R>>) =>
  Effect.map(CallbackSet.make(callbacks, TrainerState.initial, { at: () => ({}) as CurrentRun }), (set) => ({
    ...set,
    step: (states?: TrainerState.Callbacks) => set.notify(eventOf(states), {})!
  }))

it.effect("collects the requests of those that handle the event, and names the first that stops the run", () =>
  Effect.gen(function* () {
    const set = yield* open([
      Callback.make({ name: "other", onSave: () => ({}) }),
      Callback.make({ name: "first", onStepEnd: () => ({ ask: "log" }) }),
      Callback.make({ name: "none", onStepEnd: () => {}, state: { initial: 1 } }),
      Callback.make({ name: "second", onStepEnd: () => ({ ask: ["save", "stopRun"] }) }),
      Callback.make({ name: "third", onStepEnd: () => ({ ask: "stopRun" }) })
    ])
    expect(yield* set.step()).toEqual({ requests: ["log", "save", "stopRun", "stopRun"], callbacks: {}, requestedBy: "second" })
    expect(set.notify({ ...eventOf(), _tag: "EpochEnded" } as EventOf<"EpochEnded">, {})).toBeUndefined()
    const quiet = yield* open([Callback.make({ onStepEnd: () => ({ ask: "log" }) })])
    expect(yield* quiet.step()).toEqual({ requests: ["log"], callbacks: {}, requestedBy: undefined })
  })
)

it.effect("callbacks without state may share a name, and an event without metrics has none", () =>
  Effect.gen(function* () {
    const events: Array<object> = []
    const handlers = { name: "same", onStepEnd: (event: object) => void events.push(event) }
    const set = yield* open([Callback.make(handlers), Callback.make(handlers)])
    yield* set.step()
    expect(events).toHaveLength(2)
    expect(events[0]).not.toHaveProperty("metrics")
    const state = { initial: 0 }
    const error = yield* Effect.flip(open([Callback.make({ ...handlers, state }), Callback.make({ ...handlers, state })]))
    expect(error.reason).toContain('under the name "same"')
  })
)

it.effect("writes a state that changed, and starts anew where the run's state has none", () =>
  Effect.gen(function* () {
    const counts = {
      name: "counts",
      state: { initial: 0 },
      onStepEnd: (_: unknown, n: number) => ({ state: n === 2 ? n : n + 1 })
    }
    const set = yield* open([Callback.make(counts)])
    const first = yield* set.step()
    const second = yield* set.step(first.callbacks)
    expect([first.callbacks, second.callbacks]).toEqual([{ counts: 1 }, { counts: 2 }])
    expect((yield* set.step(second.callbacks)).callbacks).toBe(second.callbacks)
    expect((yield* set.step()).callbacks).toEqual({ counts: 1 })
    const same = yield* open([Callback.make({ ...counts, onStepEnd: (_: unknown, n: number) => ({ state: n }) })])
    expect((yield* same.step()).callbacks).toEqual({})
    const stateless = yield* open([Callback.make({ onStepEnd: () => ({ state: 1 }) as object })])
    expect((yield* stateless.step()).callbacks).toEqual({})
  })
)

it.effect("does not decode a state that it has just encoded, and decodes another", () =>
  Effect.gen(function* () {
    const seen: Array<Date> = []
    const date = new Date(5)
    const set = yield* open([
      Callback.make({
        name: "date",
        state: { schema: Schema.toCodecJson(Schema.Date), initial: new Date(0) },
        onStepEnd: (_, state: Date) => {
          seen.push(state)
          return { state: date }
        }
      })
    ])
    const { callbacks } = yield* set.step()
    yield* set.step(callbacks)
    yield* set.step({ date: "1970-01-01T00:00:00.007Z" })
    expect(seen[1]).toBe(date)
    expect(seen.map(Number)).toEqual([0, 5, 7])
  })
)

it.effect("an evaluation without a callback that watches it has no onBatch", () =>
  Effect.gen(function* () {
    const step = { set: "eval", total: 3 } as Parameters<typeof CallbackSet.watching>[1]
    expect(CallbackSet.watching([Callback.make({})], step)).toEqual({})
    const seen: Array<unknown> = []
    const watcher = Callback.make({ onPredictionStep: (event) => void seen.push(event) })
    const { onBatch } = (yield* open([Callback.make({}), watcher, watcher])).watching(step)
    expect(yield* onBatch!(2)).toBeUndefined()
    expect(seen).toEqual([1, 2].map(() => ({ ...step, done: 2 })))
  })
)

it("writes states as stateful_callbacks: an object's fields are its attributes", () => {
  const state = { ...TrainerState.initial, callbacks: { a: { n: 1 }, b: 2 } }
  expect(CallbackSet.toHuggingFace(state)).toEqual({
    a: { args: {}, attributes: { n: 1 } },
    b: { args: {}, attributes: { state: 2 } }
  })
})

it("a handler that is undefined is left out, and a plain reply needs no promise", () => {
  const empty = Callback.make({ onStepEnd: undefined } as object)
  expect(empty.handles.size).toBe(0)
  expect(empty).not.toHaveProperty("onPredict")
  expect(empty).not.toHaveProperty("onPredictionStep")
  const { onPredict } = Callback.make({ onPredict: ({ test_loss }) => test_loss })
  expect(Effect.runSync(onPredict!({ test_loss: 2 }) as Effect.Effect<unknown>)).toBe(2)
})

it("lists the options for an unknown one that is near to none", () => {
  expect(() => Callback.make({ zzzzzzzzzzzz: () => {} } as object)).toThrow(/There are: onInitEnd, .*onPredict, name, state\./)
  expect(() => Callback.make({ onStepEnds: () => {} } as object)).toThrow("Did you mean onStepEnd?")
})

it.effect("the built-in callbacks have the names of Hugging Face's, and printer writes a Python dict", () =>
  Effect.gen(function* () {
    const all = [Callback.earlyStopping(), Callback.defaultFlow, Callback.progress, Callback.printer]
    expect(all.map(({ name }) => name)).toEqual(
      ["EarlyStopping", "DefaultFlow", "Progress", "Printer"].map((name) => `${name}Callback`)
    )
    const lines: Array<unknown> = []
    const log = (line: unknown) => void lines.push(line)
    const set = yield* open([Callback.printer])
    const event = { ...eventOf(), _tag: "Logged" } as unknown as EventOf<"Logged">
    yield* Effect.provideService(set.notify(event, { loss: 0.5, epoch: 1 })!, Console.Console, { ...globalThis.console, log })
    expect(lines).toEqual(["{'loss': 0.5, 'epoch': 1.0}"])
  })
)
