import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Retention from "../../../src/Schedule/Retention.ts"
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
    const plan = Plan.make({ horizon, learningRate })
    const played = Result.getOrThrow(Plan.simulate(plan))
    expect(tags(played)).not.toContain("Evaluate")
    expect(played.state.evaluations).toBeNull()
    expect([plan.watches, plan.sets, plan.restoreBest, plan.evaluateOnStart]).toEqual([[], [], false, false])
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

  it("keeps the checkpoint that was just saved, whatever the retention", () => {
    const plan = Plan.make({ horizon, learningRate, save: Trigger.every(2), retention: () => [] })
    const { events } = Result.getOrThrow(Plan.simulate(plan))
    const saved = events.filter(({ _tag }) => _tag === "Saved")
    expect(saved.map(({ state }) => state.checkpoints)).toEqual([[2], [4], [6]])
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

  it("does not evaluate on start in a run that has trained", () => {
    const plan = Plan.make({ horizon, learningRate, sets: ["eval"], evaluateOnStart: true, evaluate: Trigger.never })
    const from = { ...State.initial, step: 3, epoch: 1, epochsEnded: 1, position: { epoch: 1, batch: 0 } }
    expect(tags(Result.getOrThrow(Plan.simulate(plan, {}, from)))).not.toContain("Evaluate")
  })

  it("marks the evaluation on start as initial, for early stopping too, so that it is never the best", () => {
    const goal = { metric: "eval_loss", mode: "min" } as const
    const stop = (state: State.TrainerState) => state.evaluations?.last.initial === false && state.step === 0
    const plan = Plan.make({ horizon, learningRate, sets: ["eval"], goal, evaluateOnStart: true, stop })
    const { state } = Result.getOrThrow(Plan.simulate(plan, { metrics: (_, n) => ({ eval_loss: n }) }))
    expect(State.toArray(state.evaluations).map(({ initial, step }) => [initial, step])).toEqual([
      [true, 0],
      [false, 3],
      [false, 6]
    ])
    expect(state.bestCheckpoint).toBe(3)
  })

  it("ends once its stop condition holds", () => {
    const { state } = Result.getOrThrow(Plan.simulate(Plan.make({ horizon, learningRate, stop: (state) => state.step >= 2 })))
    expect([state.step, state.stop.run]).toEqual([2, true])
  })

  it("ends a stream after its epochs", () => {
    const stream = Horizon.make({ epochs: 2, batchesPerEpoch: Infinity })
    const plan = Plan.make({ horizon: stream, learningRate: LearningRate.constant({ peak: 1 }) })
    const { state } = Result.getOrThrow(Plan.simulate(plan, { batches: () => 3 }))
    expect([state.step, state.epochsEnded]).toEqual([6, 2])
  })

  it.each([
    ["the middle of an epoch in that epoch", 2, { epoch: 0, batch: 2 }],
    ["the end of an epoch at the next one", 3, { epoch: 1, batch: 0 }]
  ])("leaves a run that stops at %s", (_, maxSteps, position) => {
    const { state } = Result.getOrThrow(Plan.simulate(Plan.make({ horizon: { ...horizon, maxSteps }, learningRate })))
    expect(state.position).toEqual(position)
  })

  it("goes on with the next epoch where an observer ends one before its first update", () => {
    const requests: Plan.Observed = { EpochStarted: ({ state }) => (state.position.epoch === 0 ? ["stopEpoch"] : []) }
    const { events, state } = Result.getOrThrow(Plan.simulate(Plan.make({ horizon, learningRate }), { requests }))
    expect(tags({ events, state })).not.toContain("Stalled")
    expect([state.step, state.epochsEnded]).toEqual([3, 2])
  })

  it("lists a checkpoint that is saved twice once", () => {
    const save = Trigger.every(3).pipe(Trigger.or(Trigger.epochEnd))
    const { events, state } = Result.getOrThrow(Plan.simulate(Plan.make({ horizon, learningRate, save })))
    expect(events.filter(({ _tag }) => _tag === "Saved").map(({ state }) => state.checkpoints)).toEqual([
      [3],
      [3],
      [3, 6],
      [3, 6]
    ])
    expect(state.checkpoints).toEqual([3, 6])
  })

  it("lists checkpoints in the order of their steps, where the disk has later ones too", () => {
    const plan = Plan.make({ horizon, learningRate, save: Trigger.every(4) })
    const state = { ...State.initial, step: 3, epoch: 1, epochsEnded: 1, position: { epoch: 1, batch: 0 } }
    const from = Plan.resume(state, { checkpoints: [1, 3, 5, 10] })
    expect(Result.getOrThrow(Plan.simulate(plan, {}, from)).state.checkpoints).toEqual([1, 3, 4, 5, 10])
  })

  it("keeps the best checkpoint that is on disk while a better evaluation has none", () => {
    const losses = [0.9, 0.5, 0.1, 0.6, 0.7, 0.05]
    const goal = { metric: "eval_loss", mode: "min" } as const
    const common = { horizon, learningRate, sets: ["eval"], goal, evaluate: Trigger.every(1) }
    const plan = Plan.make({ ...common, save: Trigger.every(2) })
    const { events } = Result.getOrThrow(Plan.simulate(plan, { metrics: (_, n) => ({ eval_loss: losses[n]! }) }))
    expect(events.filter(({ _tag }) => _tag === "Saved").map(({ state }) => state.bestCheckpoint)).toEqual([2, 2, 6])
  })

  it("asks for the retention once more at the end of the run", () => {
    const goal = { metric: "eval_loss", mode: "min" } as const
    const plan = Plan.make({ horizon, learningRate, sets: ["eval"], goal, retention: Retention.keepLast(1) })
    const { events, state } = Result.getOrThrow(Plan.simulate(plan, { metrics: (_, n) => ({ eval_loss: n }) }))
    expect(events.findLast(({ _tag }) => _tag === "Saved")?.state.checkpoints).toEqual([3, 6])
    expect(state.checkpoints).toEqual([3])
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

describe("applyReplies", () => {
  it("gives the state itself where nothing is requested", () => {
    expect(Plan.applyReplies(State.initial, {})).toBe(State.initial)
    expect(Plan.applyReplies(State.initial, { callbacks: State.initial.callbacks, requests: [] })).toBe(State.initial)
  })

  it("applies callback state without requests", () => {
    expect(Plan.applyReplies(State.initial, { callbacks: { count: 1 } })).toEqual({ ...State.initial, callbacks: { count: 1 } })
  })
})

describe("simulate", () => {
  it("consumes and requests nothing by default, with a loss of 0", () => {
    const { state } = Result.getOrThrow(Plan.simulate(Plan.make({ horizon, learningRate, log: Trigger.every(2) })))
    expect([state.samples, state.tokens, state.losses]).toEqual([0, 0, { sinceLog: 0, total: 0 }])
    expect(state.asked).toEqual(State.nothingAsked)
  })

  it("fails where a function of the plan throws", () => {
    const log = () => JSON.parse("{") as boolean
    const error = Result.getOrThrow(Result.flip(Plan.simulate(Plan.make({ horizon, learningRate, log }))))
    expect(error).toMatchObject({ _tag: "PlanFailed", part: "log", step: 1 })
  })

  it("throws what its script throws", () => {
    const loss = (): number => {
      throw new RangeError("no loss")
    }
    expect(() => Plan.simulate(Plan.make({ horizon, learningRate, log: Trigger.every(1) }), { loss })).toThrow(RangeError)
  })

  it("names the epoch that has no batch", () => {
    const plan = Plan.make({ horizon: { ...horizon, batchesPerEpoch: Infinity }, learningRate })
    const error = Result.getOrThrow(Result.flip(Plan.simulate(plan, { batches: (epoch) => (epoch === 0 ? 2 : 0) })))
    expect(error.message).toMatch(/^Epoch 2 would end without an update: it has no batch\./)
  })
})

it("simulates a run's consumption and losses", () => {
  const plan = Plan.make({ horizon, learningRate, log: Trigger.every(2) })
  const { state } = Result.getOrThrow(Plan.simulate(plan, { consumed: () => ({ samples: 4, tokens: 9 }), loss: () => 2 }))
  expect([state.samples, state.tokens, state.losses]).toEqual([24, 54, { sinceLog: 0, total: 6 }])
})
