/** A run that is cut anywhere and goes on ends as the one that was not: same weights to the bit, same state, same canonical log, same files. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, Schema, Stream } from "effect"
import fc from "fast-check"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import type * as Plan from "../../src/Schedule/Plan.ts"
import * as Retention from "../../src/Schedule/Retention.ts"
import * as Schedule from "../../src/Schedule/Schedule.ts"
import * as Trigger from "../../src/Schedule/Trigger.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import * as Trainer from "../../src/Trainer/Trainer.ts"
import { TrainerState } from "../../src/TrainerState.ts"
import * as Tiny from "../support/tiny.ts"

interface Shape {
  readonly epochs: number
  readonly batchSize: number
  readonly accumulation: number
  readonly log: number
  readonly evaluate: number
  readonly save: number
  readonly keep: number
  readonly sets: ReadonlyArray<string>
  readonly atEpochs: boolean
  readonly cuts: ReadonlyArray<number>
  readonly background: boolean
}
const shapes: fc.Arbitrary<Shape> = fc.record({
  epochs: fc.constantFrom(1, 2, 1.5, 2.2),
  batchSize: fc.integer({ min: 2, max: 5 }),
  accumulation: fc.integer({ min: 1, max: 3 }),
  log: fc.integer({ min: 1, max: 4 }),
  evaluate: fc.integer({ min: 1, max: 4 }),
  save: fc.integer({ min: 1, max: 5 }),
  keep: fc.integer({ min: 0, max: 3 }),
  sets: fc.constantFrom(["eval"], ["eval_a", "eval_b"], []),
  atEpochs: fc.boolean(),
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 }),
  background: fc.boolean()
})

const planOf = (shape: Shape, batchesPerEpoch: number): Plan.Plan => ({
  horizon: Horizon.make({ epochs: shape.epochs, batchesPerEpoch, accumulation: shape.accumulation }),
  learningRate: (state, horizon) => 0.05 * (1 - state.step / horizon.maxSteps),
  log: Trigger.every(shape.log),
  evaluate: shape.sets.length === 0 ? Trigger.never : shape.atEpochs ? Trigger.epochEnd : Trigger.every(shape.evaluate),
  save: Trigger.every(shape.save).pipe(Trigger.or(Trigger.onset((state, horizon) => state.step >= horizon.maxSteps))),
  stop: () => false,
  best: Schedule.bestStep({ metric: `${shape.sets[0] ?? "eval"}_loss`, mode: "min" }),
  retention: shape.keep === 0 ? Retention.keepAll : Retention.keepLast(shape.keep),
  restoreBest: shape.keep === 2 && shape.sets.length > 0,
  evaluateOnStart: shape.log === 1,
  watches: [],
  sets: shape.sets
})
const encode = Schema.encodeSync(TrainerState)
const canonical = (history: ReadonlyArray<Scalars>) =>
  history.map(({ kind, set, step, epoch, values }) => ({ kind, set, step, epoch, values }))
const files = (kept: ReadonlyMap<number, unknown>) => [...kept.keys()].sort((a, b) => a - b)

it.effect("a run cut at any events and resumed equals one that was not", () =>
  Effect.gen(function* () {
    const before = tf.memory().numTensors
    let cuts = 0
    for (const shape of fc.sample(shapes, { numRuns: 200, seed: 11 })) {
      const task = yield* Tiny.task(shape)
      const plan = planOf(shape, task.train.batchesPerEpoch)
      const whole = Tiny.store()
      const reference = yield* Trainer.train(task, plan).pipe(Effect.provide(worldOf(whole)))
      const parts = Tiny.store()
      yield* Effect.gen(function* () {
        for (const cut of shape.cuts) {
          const read = yield* Trainer.events(task, plan, { background: shape.background }).pipe(Stream.take(cut), Stream.runCount)
          if (read === cut) cuts++
          expect((yield* Trainer.find("newest"))?.state.step ?? 0).toBeLessThanOrEqual(plan.horizon.maxSteps)
        }
        const resumed = yield* Trainer.train(task, plan)
        const context = JSON.stringify(shape)
        expect(encode(resumed.state), context).toEqual(encode(reference.state))
        expect(Equal.equals(resumed.weights, reference.weights), context).toBe(true)
        expect(canonical(resumed.history), context).toEqual(canonical(reference.history))
        expect(files(parts.kept), context).toEqual(files(whole.kept))
      }).pipe(Effect.provide(worldOf(parts)))
    }
    expect(cuts).toBeGreaterThan(200)
    expect(tf.memory().numTensors).toBe(before)
  }).pipe(Effect.provide(Cpu.layer)),
  60_000
)

const worldOf = (store: ReturnType<typeof Tiny.store>) => Layer.mergeAll(Tiny.optimizer, store.layer, Tiny.logger())
