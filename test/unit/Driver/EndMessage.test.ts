/** A run that did not go to its last step says why, once, at the end. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import type { Input } from "../../../src/Arguments/Arguments.ts"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as EndMessage from "../../../src/Driver/EndMessage.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Schedule from "../../../src/Schedule/Schedule.ts"
import { fromArray, initial } from "../../../src/TrainerState.ts"
import * as Tiny from "../../support/tiny.ts"

const train = Dataset.fromArray(Tiny.rows(8))
const args: Input = { maxSteps: 4, perDeviceTrainBatchSize: 2, saveStrategy: "no" }

/** The texts of a training. */
const messages = Effect.fnUntraced(function* (
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

it.effect("no message at the regular end, the name of a callback that stopped the run, and the metric of early stopping", () =>
  Effect.gen(function* () {
    expect(yield* messages({}, [])).toEqual([])
    const stopping = Callback.make({ name: "Enough", onStepEnd: ({ state }) => (state.step === 2 ? { ask: ["stopRun"] } : {}) })
    expect(yield* messages({}, [stopping])).toEqual(['Stopped after step 2 of 4: the callback "Enough" asked for it.'])
    const impatient: Input = { evalStrategy: "steps", evalSteps: 1, metricForBestModel: "fixed" }
    expect(yield* messages(impatient, [Callback.earlyStopping({ patience: 1 })])).toEqual([
      "Stopped after step 2 of 4: eval_fixed has not become better in 1 evaluation; the best was 1 at step 1."
    ])
    const last = Callback.make({ onStepEnd: ({ state }) => (state.step === 4 ? { ask: ["stopRun"] } : {}) })
    expect(yield* messages({}, [last])).toEqual([])
  })
)

it("early stopping with a threshold and no improvement; no best message if it is not requested or unknown", () => {
  const goal = { metric: "eval_f1", mode: "max" } as const
  const patience = { ...goal, patience: 2, threshold: 0.01 }
  const plan = Plan.make({
    horizon: Horizon.make({ maxSteps: 9, batchesPerEpoch: 3 }),
    learningRate: LearningRate.constant({ peak: 1 }),
    stop: Schedule.impatient(patience),
    patience,
    restoreBest: true,
    goal
  })
  const found = [0.5, 0.505, 0.5].map((eval_f1, i) => ({ step: i + 1, epoch: 0, initial: false, metrics: { eval_f1 } }))
  const stopped = { ...initial, step: 3, evaluations: fromArray(found), stop: { epoch: false, run: true } }
  expect(EndMessage.early(plan, stopped, undefined)).toBe(
    "Stopped after step 3 of 9: eval_f1 has not become better by more than 0.01 in 2 evaluations; the best was 0.5050 at step 2."
  )
  expect(EndMessage.early({ ...plan, stop: () => true }, { ...stopped, evaluations: null }, undefined)).toBe(
    "Stopped after step 3 of 9: its plan's stop condition is met."
  )
  const best = (bestCheckpoint: number | null, more: Partial<Plan.Plan> = {}) =>
    EndMessage.best({ ...plan, ...more }, { ...stopped, bestCheckpoint })
  expect(best(2)).toBe("Best: eval_f1 0.5050 at step 2; the weights of checkpoint-2 were put back.")
  expect(best(3)).toBe("Best: eval_f1 0.5000 at step 3; the last weights are the best.")
  expect(best(7)).toBe("Best: step 7; the weights of checkpoint-7 were put back.")
  expect([best(null), best(2, { restoreBest: false })]).toEqual([undefined, undefined])
})

it.effect("reports the best checkpoint where its weights are restored", () =>
  Effect.gen(function* () {
    const asked: Input = {
      evalStrategy: "steps",
      evalSteps: 2,
      saveStrategy: "steps",
      saveSteps: 2,
      loadBestModelAtEnd: true,
      metricForBestModel: "fixed"
    }
    expect(yield* messages(asked, [])).toEqual(["Best: eval_fixed 1 at step 2; the weights of checkpoint-2 were put back."])
    expect(yield* messages({ ...asked, loadBestModelAtEnd: false }, [])).toEqual([])
  })
)

it("the plan's stop condition, and a run without a known end", () => {
  const plan = Plan.make({
    horizon: Horizon.make({ epochs: 2, batchesPerEpoch: Infinity }),
    learningRate: LearningRate.constant({ peak: 1 }),
    stop: ({ step }) => step >= 3
  })
  const stopped = { ...initial, step: 3, stop: { epoch: false, run: true } }
  expect(EndMessage.early(plan, stopped, undefined)).toBe("Stopped after step 3: its plan's stop condition is met.")
  expect(EndMessage.early(plan, { ...stopped, step: 2 }, "an observer")).toBe("Stopped after step 2: an observer asked for it.")
  expect(EndMessage.early(plan, { ...stopped, stop: { epoch: true, run: false } }, undefined)).toBeUndefined()
})

it.live("logs where a training was interrupted, and how to resume it", () =>
  Effect.gen(function* () {
    const texts = (step: number) =>
      Effect.gen(function* () {
        const reached = yield* Deferred.make<void>()
        const waiting = ({ state }: { readonly state: { readonly step: number } }) =>
          state.step === step ? Effect.andThen(Deferred.succeed(reached, undefined), Effect.never) : undefined
        const callback = Callback.make({ onStepBegin: waiting })
        return yield* messages({}, [callback], (training) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(training)
            yield* Deferred.await(reached)
            yield* Fiber.interrupt(fiber)
          })
        )
      })
    expect(yield* texts(3)).toEqual([
      "Training ended early, after step 3: its state is saved, and resumeFromCheckpoint: true resumes from it."
    ])
    expect(yield* texts(0)).toEqual([])
  })
)
