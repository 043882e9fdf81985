/** A run that resumes from an older checkpoint forks: it ends as the run that it forks from, and neither removes the checkpoints of the other. */
import { expect, it } from "@effect/vitest"
import { Effect, Equal, Layer, Schema, Stream } from "effect"
import fc from "fast-check"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as Retention from "../../src/Schedule/Retention.ts"
import * as Trigger from "../../src/Schedule/Trigger.ts"
import { TrainerState } from "../../src/TrainerState.ts"
import { baseShape, planOf, type Shape, shapes } from "../support/plans.ts"
import * as Tiny from "../support/tiny.ts"

const layers = (store: ReturnType<typeof Tiny.store>) => Layer.mergeAll(Tiny.optimizer, store.layer, Tiny.logger())
const steps = (store: ReturnType<typeof Tiny.store>) => [...store.kept.keys()].sort((a, b) => a - b)
const canonical = (history: ReadonlyArray<Scalars>) =>
  history.map(({ kind, set, step, epoch, values }) => ({ kind, set, step, epoch, values }))
/** What a fork shares with the run that it forks from: all but the checkpoints that were removed before it began. */
const shared = ({ checkpoints: _, bestCheckpoint: __, ...state }: TrainerState) =>
  Schema.encodeSync(TrainerState)({ ...state, checkpoints: [], bestCheckpoint: null })

const shape: Shape = { ...baseShape, evaluate: 3, keep: 2, sets: ["eval"] }

it.effect("keeps the saves of a run that resumes from an older checkpoint, and those of the run before", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    yield* Effect.gen(function* () {
      const task = yield* Tiny.task(shape)
      const plan = { ...planOf(shape, task.train.batchesPerEpoch), restoreBest: false, best: () => null }
      yield* Trainer.train(task, { ...plan, retention: Retention.keepAll, save: Trigger.every(3) })
      expect(steps(store)).toEqual([3, 6, 9, 12])
      let safe: boolean | undefined
      const options = {
        from: 6,
        onInterrupt: (at: { readonly safe: boolean }) =>
          Effect.sync(() => {
            safe = at.safe
          })
      }
      yield* Trainer.events(task, { ...plan, retention: Retention.keepLast(1), save: Trigger.every(1) }, options).pipe(
        Stream.takeUntil((event) => event._tag === "Saved" && event.state.step === 8),
        Stream.runDrain
      )
      expect(safe).toBe(true)
      expect(steps(store)).toEqual([8, 9, 12])
      expect((yield* Trainer.find("newest"))?.state).toMatchObject({ step: 8, checkpoints: [8] })
      expect((yield* Trainer.find(12))?.state.checkpoints).toEqual([9, 12])
    }).pipe(Effect.provide(layers(store)))
  }).pipe(Effect.provide(Cpu.layer))
)

it.effect("makes a fork that has saved nothing the newest when it is interrupted", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    yield* Effect.gen(function* () {
      const task = yield* Tiny.task(shape)
      const plan = { ...planOf(shape, task.train.batchesPerEpoch), retention: Retention.keepAll, save: Trigger.every(4) }
      yield* Trainer.train(task, plan)
      yield* Trainer.events(task, plan, { from: 4 }).pipe(Stream.take(1), Stream.runDrain)
      expect((yield* Trainer.find("newest"))?.state.step).toBe(4)
    }).pipe(Effect.provide(layers(store)))
  }).pipe(Effect.provide(Cpu.layer))
)

it.effect(
  "ends a run that forks from any checkpoint, and is interrupted anywhere, in the same weights, state and history",
  () =>
    Effect.gen(function* () {
      let forks = 0
      for (const shape of fc.sample(shapes, { numRuns: 80, seed: 5 })) {
        const task = yield* Tiny.task(shape)
        const plan = { ...planOf(shape, task.train.batchesPerEpoch), restoreBest: false }
        const store = Tiny.store()
        yield* Effect.gen(function* () {
          const reference = yield* Trainer.train(task, plan)
          const before = steps(store)
          const from = before[shape.cuts[0]! % before.length]!
          const cut = shape.cuts.at(-1)!
          yield* Trainer.events(task, plan, { from, background: shape.background }).pipe(Stream.take(cut), Stream.runDrain)
          const newest = yield* Trainer.find("newest")
          expect(newest?.state.step).toBeGreaterThanOrEqual(from)
          if (newest!.state.step < plan.horizon.maxSteps) forks++
          const forked = yield* Trainer.train(task, plan)
          const context = JSON.stringify({ ...shape, from })
          expect(Equal.equals(forked.weights, reference.weights), context).toBe(true)
          expect(shared(forked.state), context).toEqual(shared(reference.state))
          expect(canonical(forked.history), context).toEqual(canonical(reference.history))
          for (const step of forked.state.checkpoints) expect(steps(store), context).toContain(step)
        }).pipe(Effect.provide(layers(store)))
      }
      expect(forks).toBeGreaterThan(10)
    }).pipe(Effect.provide(Cpu.layer)),
  60_000
)
