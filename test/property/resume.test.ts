/** A run that is interrupted anywhere and resumed ends as the uninterrupted one: same weights to the bit, same state, same canonical log, same files. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, Schema, Stream } from "effect"
import fc from "fast-check"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Entry, Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as Loggers from "../../src/Layer/Logger/Loggers.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { TrainerState } from "../../src/TrainerState.ts"
import { baseShape, planOf, shapes } from "../support/plans.ts"
import * as Tiny from "../support/tiny.ts"

const encode = Schema.encodeSync(TrainerState)
const canonical = (history: ReadonlyArray<Scalars>) =>
  history.map(({ kind, set, step, epoch, values }) => ({ kind, set, step, epoch, values }))
const files = (kept: ReadonlyMap<number, unknown>) => [...kept.keys()].sort((a, b) => a - b)

it.effect(
  "a run interrupted at any events and resumed equals an uninterrupted one",
  () =>
    Effect.gen(function* () {
      const before = tf.memory().numTensors
      let cuts = 0
      for (const shape of fc.sample(shapes, { numRuns: 200, seed: 11 })) {
        const task = yield* Tiny.task(shape)
        const plan = planOf(shape, task.train.batchesPerEpoch)
        const whole = Tiny.store()
        const entries: Array<Entry> = []
        const reference = yield* Trainer.train(task, plan).pipe(Effect.provide(layers(whole, entries)))
        const parts = Tiny.store()
        const written: Array<Entry> = [] // by all attempts, as in a log file
        yield* Effect.gen(function* () {
          for (const cut of shape.cuts) {
            const read = yield* Trainer.events(task, plan, { background: shape.background }).pipe(
              Stream.take(cut),
              Stream.runCount
            )
            if (read === cut) cuts++
            expect((yield* Trainer.find("newest"))?.state.step ?? 0).toBeLessThanOrEqual(plan.horizon.maxSteps)
          }
          const resumed = yield* Trainer.train(task, plan)
          const context = JSON.stringify(shape)
          expect(encode(resumed.state), context).toEqual(encode(reference.state))
          expect(Equal.equals(resumed.weights, reference.weights), context).toBe(true)
          expect(canonical(resumed.history), context).toEqual(canonical(reference.history))
          expect(Loggers.canonical(written), context).toEqual(Loggers.canonical(entries))
          expect(files(parts.kept), context).toEqual(files(whole.kept))
        }).pipe(Effect.provide(layers(parts, written)))
      }
      expect(cuts).toBeGreaterThan(200)
      expect(tf.memory().numTensors).toBe(before)
    }).pipe(Effect.provide(Cpu.layer)),
  60_000
)

it.effect("evaluates a step twice, and logs both evaluations when the run is interrupted between them", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task({ sets: ["eval_a", "eval_b"] })
    const shape = { ...baseShape, epochs: 1, evaluate: 3, save: 2, sets: ["eval_a", "eval_b"], atEpochs: true }
    const plan = planOf(shape, task.train.batchesPerEpoch)
    const whole: Array<Entry> = []
    const reference = yield* Trainer.train(task, plan).pipe(Effect.provide(layers(Tiny.store(), whole)))
    const last = task.train.batchesPerEpoch
    expect(reference.history.filter(({ kind, set, step }) => kind === "eval" && set === "eval_a" && step === last)).toHaveLength(
      2
    )
    const events = yield* Stream.runCollect(Trainer.events(task, plan)).pipe(Effect.provide(layers(Tiny.store())))
    for (let cut = 1; cut < events.length; cut++) {
      const written: Array<Entry> = []
      yield* Effect.gen(function* () {
        yield* Stream.runDrain(Stream.take(Trainer.events(task, plan), cut))
        const resumed = yield* Trainer.train(task, plan)
        const context = `interrupted at ${events[cut]?._tag}, number ${cut}`
        expect(canonical(resumed.history), context).toEqual(canonical(reference.history))
        expect(Loggers.canonical(written), context).toEqual(Loggers.canonical(whole))
      }).pipe(Effect.provide(layers(Tiny.store(), written)))
    }
  }).pipe(Effect.provide(Cpu.layer))
)

const layers = (store: ReturnType<typeof Tiny.store>, entries?: Array<Entry>) =>
  Layer.mergeAll(Tiny.optimizer, store.layer, Tiny.logger(entries))
