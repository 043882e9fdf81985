import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Schedule from "../../../src/Schedule/Schedule.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as State from "../../../src/TrainerState.ts"

const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 3 })
const learningRate = LearningRate.linear({ peak: 1 })
const tags = (played: Plan.Simulation) => played.events.map(({ _tag }) => _tag)

describe("make", () => {
  it("saves and evaluates at the end of each epoch by default", () => {
    const plan = Plan.make({ horizon, learningRate, sets: ["eval"], goal: { metric: "eval_loss", mode: "min" } })
    const { events, state } = Result.getOrThrow(Plan.simulate(plan, { metrics: (_, n) => ({ eval_loss: n }) }))
    expect(events.filter(({ _tag }) => _tag === "Evaluated").map(({ state }) => state.step)).toEqual([3, 6])
    expect(state.checkpoints).toEqual([3, 6])
    expect(state.bestCheckpoint).toBe(3)
    expect(plan.watches).toEqual(["eval_loss"])
  })

  it("does not evaluate where there is nothing to evaluate", () => {
    expect(tags(Result.getOrThrow(Plan.simulate(Plan.make({ horizon, learningRate }))))).not.toContain("Evaluate")
  })

  it("refuses a run without an end, and a learning rate that needs the length of one that has none", () => {
    const endless = { ...horizon, maxSteps: Infinity, epochs: Infinity }
    expect(() => Plan.make({ horizon: endless, learningRate: () => 1 })).toThrow(/no end/)
    const stream = Horizon.make({ epochs: 2, batchesPerEpoch: Infinity })
    expect(() => Plan.make({ horizon: stream, learningRate })).toThrow(/learning rate is not a number/)
    expect(Plan.make({ horizon: stream, learningRate: LearningRate.constant({ peak: 1 }) }).horizon).toBe(stream)
  })

  it("refuses a learning rate that is not a function", () => {
    const number = 0.1 as unknown as typeof learningRate
    expect(() => Plan.make({ horizon, learningRate: number })).toThrow(/learning rate is 0.1; expected a function/)
  })
})

describe("play", () => {
  it("goes through an update in this order", () => {
    const plan = Plan.make({
      horizon: Horizon.make({ maxSteps: 1, batchesPerEpoch: 2, accumulation: 2 }),
      learningRate,
      sets: ["eval"],
      log: Trigger.every(1),
      evaluate: Trigger.every(1),
      save: Trigger.every(1)
    })
    expect(tags(Result.getOrThrow(Plan.simulate(plan)))).toEqual([
      ...["Initialized", "Started", "EpochStarted"],
      ...["Microbatch", "StepStarted", "SubstepEnded", "Microbatch", "Updating", "Updated", "StepEnded"],
      ...["Logged", "Evaluate", "EvaluationLogged", "Evaluated", "Saved"],
      ...["EpochEnded", "Summary", "Finished"]
    ])
  })

  it("gives an update the learning rate of the state before it", () => {
    const { events } = Result.getOrThrow(Plan.simulate(Plan.make({ horizon, learningRate })))
    const rates = events.filter(({ _tag }) => _tag === "Updating").map(({ state }) => learningRate(state, horizon))
    expect(rates).toEqual([6, 5, 4, 3, 2, 1].map((n) => n / 6))
  })

  it("stalls where an epoch has no update, also with data that are too few for one", () => {
    const plan = Plan.make({ horizon: Horizon.make({ maxSteps: 9, batchesPerEpoch: Infinity, accumulation: 4 }), learningRate })
    for (const batches of [0, 3]) {
      const error = Result.getOrThrow(Result.flip(Plan.simulate(plan, { batches: () => batches })))
      expect(error).toMatchObject({ _tag: "Stalled", epoch: 0, accumulation: 4 })
      expect(error.message).toContain("fewer than the 4 micro-batches")
    }
  })

  it("evaluates on start once, also in a run that was interrupted before its first update", () => {
    const plan = Plan.make({ horizon, learningRate, sets: ["eval"], evaluateOnStart: true, evaluate: Trigger.never })
    const whole = Result.getOrThrow(Plan.simulate(plan))
    const cut = whole.events.find(({ _tag }) => _tag === "EpochStarted")!.resumeState
    const resumed = Result.getOrThrow(Plan.simulate(plan, {}, Plan.resume(cut)))
    expect(tags(whole).filter((tag) => tag === "Evaluate").length).toBe(1)
    expect(tags(resumed)).not.toContain("Evaluate")
    expect(resumed.state.evaluations?.size).toBe(1)
  })

  it("keeps what a save trigger compares with when it is interrupted in an evaluation", () => {
    const goal = { metric: "eval_loss", mode: "min" } as const
    const save = Trigger.every(2).pipe(Trigger.and(Trigger.changes(Schedule.bestStep(goal))))
    const plan = Plan.make({ horizon, learningRate, sets: ["eval"], goal, evaluate: Trigger.every(1), save })
    const script: Plan.Script = { metrics: (_, n) => ({ eval_loss: 1 / (n + 1) }) }
    const whole = Result.getOrThrow(Plan.simulate(plan, script))
    expect(whole.state.checkpoints).toEqual([2, 4, 6])
    const cut = whole.events.find(({ _tag, state }) => _tag === "Evaluate" && state.step === 4)!.resumeState
    expect(Result.getOrThrow(Plan.simulate(plan, script, Plan.resume(cut))).state.checkpoints).toEqual([2, 4, 6])
  })

  it("forgets a log of a step that has been logged when the next update begins", () => {
    const plan = Plan.make({ horizon, learningRate, log: Trigger.or(Trigger.every(3), Trigger.epochEnd) })
    const { events } = Result.getOrThrow(Plan.simulate(plan))
    expect(events.filter(({ _tag }) => _tag === "Logged").map(({ state }) => state.step)).toEqual([3, 6])
  })

  it("does not train further when a finished run is resumed", () => {
    const plan = Plan.make({ horizon, learningRate })
    const { events, state } = Result.getOrThrow(Plan.simulate(plan))
    const again = Result.getOrThrow(Plan.simulate(plan, {}, Plan.resume(events.at(-1)!.resumeState)))
    expect(tags(again)).toEqual(["Initialized", "Started", "Summary", "Finished"])
    expect(again.state).toEqual({ ...state, stop: { epoch: false, run: true } })
  })
})

describe("resume", () => {
  it("forgets the wish to stop, takes what is on disk, and may start the epoch's data again", () => {
    const state = {
      ...State.initial,
      step: 5,
      epoch: 1.5,
      stop: { epoch: false, run: true },
      position: { epoch: 1, batch: 2 },
      checkpoints: [3, 5]
    }
    expect(Plan.resume(state, { checkpoints: [5], ignoreDataSkip: true })).toEqual({
      ...state,
      stop: { epoch: false, run: false },
      position: { epoch: 1, batch: 0 },
      checkpoints: [5]
    })
  })

  it("does not read an epoch again that is used up", () => {
    const state = { ...State.initial, step: 8, epoch: 2, open: true, position: { epoch: 1, batch: 4 } }
    expect(Plan.resume(state, { ignoreDataSkip: true }).position).toEqual(state.position)
  })
})

it("simulates a run's consumption and losses", () => {
  const plan = Plan.make({ horizon, learningRate, log: Trigger.every(2) })
  const { state } = Result.getOrThrow(Plan.simulate(plan, { consumed: () => ({ samples: 4, tokens: 9 }), loss: () => 2 }))
  expect([state.samples, state.tokens, state.losses]).toEqual([24, 54, { sinceLog: 0, total: 6 }])
})
