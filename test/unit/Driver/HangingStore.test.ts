/** A store that hangs delays the end of an interrupted run by no more than its grace period. */
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, References } from "effect"
import { CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

const grace = 300 // ms

/** A store whose saves never return, and a promise of the first. */
const hanging = Effect.gen(function* () {
  const reached = yield* Deferred.make<void>()
  const layer = Layer.effect(
    CheckpointStore,
    Effect.map(CheckpointStore, (store) => ({
      ...store,
      save: () => Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
    }))
  ).pipe(Layer.provide(Tiny.store().layer))
  return { layer, reached: Deferred.await(reached) }
})

it.live.each([
  ["while it waits for a save", Trigger.every(1), false],
  ["while it saves in the background", Trigger.every(1), true],
  ["before its first save", Trigger.never, false]
] as const)(
  "a run that is interrupted %s ends within its grace period, and reports that its state is not safe",
  ([, save, background]) =>
    Effect.gen(function* () {
      const task = yield* Tiny.task()
      const before = tf.memory().numTensors
      const { layer, reached } = yield* hanging
      const started = yield* Deferred.make<void>()
      let safe: boolean | undefined
      const plan = Plan.make({
        horizon: Horizon.make({ maxSteps: 1000, batchesPerEpoch: task.train.batchesPerEpoch }),
        learningRate: LearningRate.constant({ peak: 0.01 }),
        evaluate: Trigger.never,
        save
      })
      const run = Trainer.train(task, plan, {
        background,
        grace,
        observe: { StepEnded: () => Effect.as(Deferred.succeed(started, undefined), []) },
        onInterrupt: (at) =>
          Effect.sync(() => {
            safe = at.safe
          })
      }).pipe(Effect.provide(Layer.mergeAll(Tiny.optimizer, layer, Tiny.logger())))
      const fiber = yield* Effect.forkChild(run, { startImmediately: true })
      yield* save === Trigger.never ? Deferred.await(started) : reached
      const began = performance.now()
      yield* Fiber.interrupt(fiber)
      expect(performance.now() - began).toBeLessThan(grace + 2_000)
      expect(safe).toBe(false)
      expect(tf.memory().numTensors).toBe(before)
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None"), Effect.provide(Cpu.layer))
)
