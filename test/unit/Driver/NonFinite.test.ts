/** What becomes of updates whose loss or gradient norm is no number, by policy. */
import { expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Layer } from "effect"
import type { Loader } from "../../../src/Data/Loader.ts"
import type { Policy } from "../../../src/Driver/NonFinite.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({
  horizon: Horizon.make({ maxSteps: 6, batchesPerEpoch: 6 }),
  learningRate: () => 0.05,
  log: Trigger.every(3),
  save: Trigger.every(1)
})

/** Batches whose labels are given in the place of their own. */
const spoilt = (loader: Loader, labels: Readonly<Record<number, number>>): Loader => ({
  ...loader,
  batch: (epoch, index) =>
    Effect.map(loader.batch(epoch, index), (batch) => {
      const label = labels[index]
      if (batch === undefined || label === undefined) return batch
      const own = batch.tensors.labels!
      return { ...batch, tensors: { ...batch.tensors, labels: { ...own, data: own.data.map(() => label) } } }
    })
})

const run = Effect.fnUntraced(
  function* (nonFinite: Policy, labels: Readonly<Record<number, number>>) {
    const warnings: Array<string> = []
    const entries: Array<Entry> = []
    const store = Tiny.store()
    const task = yield* Tiny.task({ sets: [] })
    const layers = Layer.mergeAll(Tiny.optimizer, store.layer, Tiny.logger(entries))
    const listener = EffectLogger.layer([EffectLogger.make(({ message }) => warnings.push(String(message)))])
    const { state } = yield* Trainer.train({ ...task, train: spoilt(task.train, labels) }, plan, { nonFinite }).pipe(
      Effect.provide([layers, listener])
    )
    const losses = entries.flatMap((entry) => (entry._tag === "Scalars" && entry.kind === "train" ? [entry.values.loss!] : []))
    return { warnings, losses, state, weights: [...store.kept.values()].map(({ weights }) => weights) }
  },
  Effect.provide(Cpu.layer, { local: true })
)
const changed = ([, ...later]: Array<unknown>, all: Array<unknown>) => later.map((weights, i) => !equal(weights, all[i]))
const equal = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right)

it.effect("skip keeps the weights bit for bit, counts the step, and warns once", () =>
  Effect.gen(function* () {
    // of a label of 3e38 the loss is infinite, and of 1e19 only the norm
    for (const label of [Number.NaN, Number.POSITIVE_INFINITY, 3e38, 1e19]) {
      const { warnings, losses, state, weights } = yield* run("skip", { 1: label })
      expect(changed(weights, weights)).toEqual([false, true, true, true, true])
      expect(state.step).toBe(6)
      expect(losses.every(Number.isFinite)).toBe(true)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatch(/^An update up to step 2 .* left the weights as they were/)
    }
  })
)

it.effect("skip changes nothing in a run with finite losses", () =>
  Effect.gen(function* () {
    const { losses, warnings, weights } = yield* run("skip", {})
    const usual = yield* run("fail", {})
    expect(equal([losses, weights], [usual.losses, usual.weights])).toBe(true)
    expect(warnings).toEqual([])
  })
)

it.effect("filter logs the running mean instead of a non-finite loss, and updates the weights", () =>
  Effect.gen(function* () {
    const { losses, warnings, weights } = yield* run("filter", { 2: Number.NaN })
    const two = yield* sumOfTwo
    // two losses and a third of their sum, over three updates
    expect(losses[0]).toBeCloseTo((two + two / 3) / 3, 6)
    expect(Object.values(weights[2]!.parameters).some(({ data }) => data.some(Number.isNaN))).toBe(true)
    // nothing but NaN from then on: the mean of none before is none
    expect(losses[1]).toBe(0)
    expect(warnings.map((warning) => warning.slice(0, 22))).toEqual([3, 4, 5, 6].map((step) => `An update up to step ${step}`))
    expect(warnings[0]).toMatch(/changed the weights all the same; such a loss is not in the logged mean/)
  })
)

it.effect("continue logs the non-finite loss", () =>
  Effect.gen(function* () {
    const { losses, warnings } = yield* run("continue", { 1: Number.POSITIVE_INFINITY })
    expect(losses[0]).not.toBe(0)
    expect(losses.some(Number.isFinite)).toBe(false)
    expect(warnings).toHaveLength(5)
  })
)

it.effect("with tracing, a run stops at the kernel, and saves the state before it to resume from", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const task = yield* Tiny.task({ sets: [] })
    const layers = Layer.mergeAll(Tiny.optimizer, store.layer, Tiny.logger())
    const quiet = { ...plan, save: Trigger.never }
    const error = yield* Trainer.train({ ...task, train: spoilt(task.train, { 2: 1e30 }) }, quiet, { traceNonFinite: true }).pipe(
      Effect.flip,
      Effect.provide(layers)
    )
    expect(error).toMatchObject({ _tag: "NonFiniteTensor", step: 3 })
    expect(error.message).toContain("batch.labels")
    expect([...store.kept.keys()]).toEqual([2])
    const { state, weights } = yield* Trainer.train(task, quiet, { traceNonFinite: true }).pipe(Effect.provide(layers))
    const usual = yield* Trainer.train(task, quiet).pipe(Effect.provide([Tiny.optimizer, Tiny.store().layer, Tiny.logger()]))
    expect(state.step).toBe(6)
    expect(equal(weights, usual.weights)).toBe(true)
  }).pipe(Effect.provide(Cpu.layer, { local: true }))
)

it.effect("with tracing, a non-finite value present from the start is found in the dry run, before the first update", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task({ sets: [] })
    const train = spoilt(task.train, { 0: Number.NaN })
    const error = yield* Effect.flip(Trainer.train({ ...task, train }, plan, { traceNonFinite: true })).pipe(
      Effect.provide(Tiny.layers())
    )
    expect(error).toMatchObject({ _tag: "NonFiniteTensor", step: 1, tensors: ["batch.labels"] })
  })
)

/** The losses of the first two updates, added up. */
const sumOfTwo = Effect.gen(function* () {
  const entries: Array<Entry> = []
  const task = yield* Tiny.task({ sets: [] })
  yield* Trainer.train(task, { ...plan, log: Trigger.reaches(2), save: Trigger.never }).pipe(
    Effect.provide(Tiny.layers({ entries }))
  )
  const log = entries.find((entry) => entry._tag === "Scalars")
  return 2 * (log?._tag === "Scalars" ? log.values.loss! : Number.NaN)
})
