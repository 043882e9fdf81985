import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Compile from "../../../src/Arguments/Compile.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as State from "../../../src/TrainerState.ts"

const made = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))
const plan = (input: Arguments.Input, sizes: Partial<Compile.Sizes> = {}) =>
  Compile.plan(made(input), { batchesPerEpoch: 10, sets: ["eval"], ...sizes })
const refused = (input: Arguments.Input, sizes: Partial<Compile.Sizes> = {}) =>
  Result.getOrThrow(Result.flip(plan(input, sizes))).message

describe("resolve", () => {
  it("takes parts of the run as the page does, and 1.0 as every update", () => {
    const args = made({ maxSteps: 33, loggingSteps: 0.1, saveSteps: 1, evalStrategy: "steps", warmupRatio: 0.07 })
    expect(Compile.resolve(args, { batchesPerEpoch: 10 })).toMatchObject({
      loggingSteps: 4,
      saveSteps: 1,
      evalSteps: 4,
      warmupSteps: 3
    })
  })

  it("lets max_steps win over epochs", () => {
    expect(Compile.resolve(made({ maxSteps: 25, numTrainEpochs: 1 }), { batchesPerEpoch: 10 }).horizon).toMatchObject({
      maxSteps: 25,
      epochs: 3
    })
  })
})

describe("plan", () => {
  it("refuses what does not go together, before step 0", () => {
    expect(refused({}, { batchesPerEpoch: 0 })).toContain("An epoch has no batch")
    expect(refused({}, { batchesPerEpoch: Infinity })).toContain("set max_steps")
    expect(refused({ evalStrategy: "epoch" }, { sets: [] })).toContain("no evaluation data")
    expect(refused({ evalOnStart: true }, { sets: [] })).toContain("eval_on_start")
    expect(refused({ evalStrategy: "epoch" }, { earlyStopping: { patience: 1, threshold: 0 } })).toContain(
      "metric_for_best_model"
    )
    expect(refused({ metricForBestModel: "loss" }, { earlyStopping: { patience: 1, threshold: 0 } })).toContain("eval_strategy")
    expect(refused({ lrSchedulerType: "polynomial", warmupRatio: 1 })).toContain("the warm-up takes all 30 updates")
    expect(refused({ lrSchedulerType: "linear", lrSchedulerKwargs: { powr: 1 } })).toBe(
      "There is no argument lr_scheduler_kwargs.powr."
    )
    expect(refused({ lrSchedulerType: "cosine", lrSchedulerKwargs: { num_cycle: 1 } })).toContain("Did you mean num_cycles?")
  })

  it("trains nothing for no epochs", () => {
    const { events } = Result.getOrThrow(Plan.simulate(Result.getOrThrow(plan({ numTrainEpochs: 0 }))))
    expect(events.map(({ _tag }) => _tag)).toEqual(["Initialized", "Started", "Summary", "Finished"])
  })

  it("watches the goal only where evaluations are planned", () => {
    expect(Result.getOrThrow(plan({ metricForBestModel: "f1" })).watches).toEqual([])
    expect(Result.getOrThrow(plan({ metricForBestModel: "f1", evalStrategy: "epoch" })).watches).toEqual(["eval_f1"])
  })

  it("honours a save that is asked for beside save_strategy best, also when the evaluation at that step is not the best (e)", () => {
    const best = Result.getOrThrow(
      plan({ maxSteps: 3, saveStrategy: "best", evalStrategy: "steps", evalSteps: 1, metricForBestModel: "loss" })
    )
    const { state } = Result.getOrThrow(
      Plan.simulate(best, {
        metrics: (_, n) => ({ eval_loss: n }),
        requests: { StepEnded: ({ state }) => (state.step === 2 ? ["save"] : []) }
      })
    )
    expect(state.checkpoints).toEqual([1, 2])
    expect(state.bestCheckpoint).toBe(1)
  })

  it("starts a warm-up at 0 and ends at 0", () => {
    const { horizon, learningRate } = Result.getOrThrow(plan({ learningRate: 1, warmupSteps: 10 }))
    const at = (step: number) => learningRate({ ...State.initial, step }, horizon)
    expect([0, 5, 10, 20, 30].map(at)).toEqual([0, 0.5, 1, 0.5, 0])
  })
})

describe("optimizer", () => {
  it("is the one that optim names", () => {
    const names = (input: Arguments.Input) => Compile.optimizer(made(input)).links?.map((link) => link.name)
    expect(names({})).toContain("adam")
    expect(names({ optim: "adamw_torch" })).toEqual(names({}))
    expect(names({ optim: "sgd" })).not.toContain("adam")
  })
})
