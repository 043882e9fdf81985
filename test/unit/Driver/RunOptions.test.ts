/** Joins the options of a run with its caller's, and what a task is with its defaults. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as Driver from "../../../src/Driver/Driver.ts"
import type { Observer } from "../../../src/Driver/Observer.ts"
import * as RunOptions from "../../../src/Driver/RunOptions.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Reduction from "../../../src/Step/Reduction.ts"
import * as Tiny from "../../support/tiny.ts"

it.effect("joins callbacks and observers of both, and takes the caller's other options", () =>
  Effect.gen(function* () {
    const calls: Array<string> = []
    const observer = (name: string): Observer => ({
      StepEnded: () =>
        Effect.as(
          Effect.sync(() => calls.push(name)),
          []
        )
    })
    const [a, b] = ["a", "b"].map((name) => Callback.make({ name }))
    const joined = RunOptions.merge(
      { callbacks: [a!], observe: observer("own"), nonFinite: "skip" },
      { callbacks: [b!], observe: observer("given"), nonFinite: "filter" }
    )
    expect(joined.callbacks).toEqual([a, b])
    expect(joined.nonFinite).toBe("filter")
    const handlers = joined.observe as unknown as { StepEnded: (event: unknown) => Effect.Effect<unknown> }
    yield* handlers.StepEnded({ _tag: "StepEnded" })
    expect(calls).toEqual(["own", "given"])
    expect(RunOptions.merge({}, {})).toEqual({ callbacks: [] })
    expect(RunOptions.merge({ callbacks: [a!] }, {}).callbacks).toEqual([a])
    expect(RunOptions.merge({}, { observe: observer("given") })).toHaveProperty("observe")
    expect(RunOptions.merge({ observe: observer("own") }, {})).toHaveProperty("observe")
  })
)

it.effect("a task has the given reduction and seed, or their defaults, and names its evaluation sets", () =>
  Effect.gen(function* () {
    const { model } = Tiny
    const train = yield* Tiny.loader(4, 2)
    const byDefault = Driver.task({ model, train })
    expect(byDefault).toMatchObject({ seed: 42, maxGradNorm: 1, reduction: { name: "perToken" }, evaluation: {} })
    const given = Driver.task({ model, train, seed: 7, maxGradNorm: 0, reduction: Reduction.trainer, evaluation: train })
    expect(given).toMatchObject({ seed: 7, maxGradNorm: 0, reduction: { name: "trainer" } })
    expect(given.evaluation).toEqual({ eval: train })
    expect(Driver.task({ model, train, evaluation: { a: train, b: train } }).evaluation).toEqual({ eval_a: train, eval_b: train })
  })
)

it.effect("calls onEnd with the result, with a grace period or its default", () =>
  Effect.gen(function* () {
    const plan = Plan.make({ horizon: Horizon.make({ maxSteps: 1, batchesPerEpoch: 6 }), learningRate: () => 0.1 })
    for (const options of [{}, { grace: "1 second" }] as const) {
      const ends: Array<unknown> = []
      const onEnd = (end: unknown) => Effect.sync(() => void ends.push(end))
      const result = yield* Driver.train(yield* Tiny.task({ sets: [] }), plan, { ...options, onEnd }).pipe(
        Effect.provide(Tiny.layers(), { local: true })
      )
      expect(ends).toEqual([result])
    }
  })
)
