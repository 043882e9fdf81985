/** A run that did not go to its last step says why, once, at the end. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import type { Input } from "../../../src/Arguments/Arguments.ts"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Callback from "../../../src/Trainer/Callback.ts"
import * as Ending from "../../../src/Trainer/Ending.ts"
import * as Trainer from "../../../src/Trainer/Trainer.ts"
import { initial } from "../../../src/TrainerState.ts"
import * as Tiny from "../../support/tiny.ts"

const train = Dataset.fromArray(Tiny.rows(8))
const args: Input = { maxSteps: 4, perDeviceTrainBatchSize: 2, saveStrategy: "no" }

/** The texts of a training. */
const said = Effect.fnUntraced(function* (
  more: Input,
  callbacks: ReadonlyArray<Callback.Callback>,
  how: (training: Effect.Effect<unknown, unknown>) => Effect.Effect<unknown, unknown> = (training) => training
) {
  const entries: Array<Entry> = []
  yield* Effect.gen(function* () {
    const trainer = yield* Trainer.make({
      model: Tiny.model,
      args: { ...args, ...more },
      dataCollator: Tiny.collate,
      trainDataset: train,
      evalDataset: train,
      computeMetrics: () => ({ fixed: 1 }),
      callbacks
    })
    yield* how(trainer.train())
  }).pipe(Effect.provide(Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(entries), NodeServices.layer), { local: true }))
  return entries.flatMap((entry) => (entry._tag === "Text" ? [entry.text] : []))
})

it.effect("nothing at the end, a callback by its name, and early stopping by its metric", () =>
  Effect.gen(function* () {
    expect(yield* said({}, [])).toEqual([])
    const stopping = Callback.make({ name: "Enough", onStepEnd: ({ state }) => (state.step === 2 ? { ask: ["stopRun"] } : {}) })
    expect(yield* said({}, [stopping])).toEqual(['Stopped after step 2 of 4: the callback "Enough" asked for it.'])
    const impatient: Input = { evalStrategy: "steps", evalSteps: 1, metricForBestModel: "fixed" }
    expect(yield* said(impatient, [Callback.earlyStopping({ patience: 1 })])).toEqual([
      "Stopped after step 2 of 4: eval_fixed has not become better for as long as early stopping waits."
    ])
    const last = Callback.make({ onStepEnd: ({ state }) => (state.step === 4 ? { ask: ["stopRun"] } : {}) })
    expect(yield* said({}, [last])).toEqual([])
  })
)

it("a plan's own stop, and a run without a known end", () => {
  const plan = Plan.make({
    horizon: Horizon.make({ epochs: 2, batchesPerEpoch: Infinity }),
    learningRate: LearningRate.constant({ peak: 1 }),
    stop: ({ step }) => step >= 3
  })
  const stopped = { ...initial, step: 3, stop: { epoch: false, run: true } }
  expect(Ending.early(plan, stopped, undefined)).toBe("Stopped after step 3: its plan says so.")
  expect(Ending.early(plan, { ...stopped, step: 2 }, "an observer")).toBe("Stopped after step 2: an observer asked for it.")
  expect(Ending.early(plan, { ...stopped, stop: { epoch: true, run: false } }, undefined)).toBeUndefined()
})

it.live("a training that is interrupted says where, and what goes on from there", () =>
  Effect.gen(function* () {
    const texts = (step: number) =>
      Effect.gen(function* () {
        const there = yield* Deferred.make<void>()
        const waiting = ({ state }: { readonly state: { readonly step: number } }) =>
          state.step === step ? Effect.andThen(Deferred.succeed(there, undefined), Effect.never) : undefined
        const callback = Callback.make({ onStepBegin: waiting })
        return yield* said({}, [callback], (training) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(training)
            yield* Deferred.await(there)
            yield* Fiber.interrupt(fiber)
          })
        )
      })
    expect(yield* texts(3)).toEqual([
      "Cut short after step 3: its state is saved, and resumeFromCheckpoint: true goes on from there."
    ])
    expect(yield* texts(0)).toEqual([])
  })
)
