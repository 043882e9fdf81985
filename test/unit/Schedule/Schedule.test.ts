import { describe, it as effectIt } from "@effect/vitest"
import { Effect, Schedule as EffectSchedule } from "effect"
import { expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Schedule from "../../../src/Schedule/Schedule.ts"
import * as State from "../../../src/TrainerState.ts"

const horizon = Horizon.make({ maxSteps: 10, batchesPerEpoch: 4 })

it("is a function that can be piped", () => {
  const schedule = Schedule.constant(2).pipe(Schedule.map((n) => n * 3))
  expect(schedule(State.initial, horizon)).toBe(6)
})

describe("early stopping", () => {
  const stop = (options: { patience: number; threshold?: number }, losses: ReadonlyArray<number>) => {
    const impatient = Schedule.impatient({ metric: "eval_loss", mode: "min", ...options })
    let state = State.initial
    return losses.map((eval_loss) => {
      state = State.evaluated(state, { eval_loss }, false)
      return impatient(state, horizon)
    })
  }

  it("counts evaluations in a row that bring nothing", () => {
    expect(stop({ patience: 2 }, [5, 4, 4, 3, 3, 3])).toEqual([false, false, false, false, false, true])
  })

  it("moves its best by small steps too, so that they never add up to the threshold", () => {
    expect(stop({ patience: 3, threshold: 1 }, [5, 4.5, 4, 3.8])).toEqual([false, false, false, true])
  })

  it("takes an evaluation that is better by exactly the threshold for one that brings nothing", () => {
    expect(stop({ patience: 1, threshold: 0.5 }, [2, 1.5])).toEqual([false, true])
    expect(stop({ patience: 1, threshold: 0.5 }, [2, 1.25])).toEqual([false, false])
  })

  it("counts the evaluations that it has waited for, until it stops", () => {
    const waited = Schedule.waited({ metric: "eval_loss", mode: "min", patience: 2 })
    let state = State.initial
    const counts = [5, 5, 4, 4, 4, 4, 1].map((eval_loss) => {
      state = State.evaluated(state, { eval_loss }, false)
      return waited(state, horizon)
    })
    expect(waited(State.initial, horizon)).toBe(0)
    expect(counts).toEqual([0, 1, 0, 1, 2, 2, 2])
  })

  it("stays stopped, whatever comes after", () => {
    expect(stop({ patience: 1 }, [5, 5, 1, 0])).toEqual([false, true, true, true])
  })

  it("waits for the first evaluation, also without patience", () => {
    const impatient = Schedule.impatient({ metric: "eval_loss", mode: "min", patience: 0 })
    expect(impatient(State.initial, horizon)).toBe(false)
    expect(stop({ patience: 0 }, [5])).toEqual([true])
  })

  it("never takes NaN for better, in the first evaluation neither", () => {
    expect(stop({ patience: 2 }, [Number.NaN, 0.5, Number.NaN, 0.6])).toEqual([false, false, false, true])
    expect(stop({ patience: 2 }, [Number.NaN, Number.NaN])).toEqual([false, true])
  })

  it("looks past evaluations without the metric", () => {
    const impatient = Schedule.impatient({ metric: "eval_a", mode: "min", patience: 1 })
    const state = State.evaluated(State.evaluated(State.initial, { eval_a: 1 }, false), { eval_b: 9 }, false)
    expect(impatient(state, horizon)).toBe(false)
  })

  it("looks at each evaluation once, however often it is asked", () => {
    const impatient = Schedule.impatient({ metric: "eval_loss", mode: "min", patience: 1e9 })
    let looked = 0
    const metrics = {
      get eval_loss() {
        looked++
        return 1
      }
    }
    let state = State.initial
    for (let i = 0; i < 500; i++) {
      state = State.evaluated(state, metrics, false)
      impatient(state, horizon)
      impatient(state, horizon)
    }
    expect(looked).toBe(500)
  })
})

it("does not take an evaluation before the first update for the best", () => {
  const best = Schedule.best({ metric: "eval_loss", mode: "min" })
  const state = State.evaluated(State.initial, { eval_loss: 0 }, true)
  expect(best(state, horizon)).toBeNull()
  expect(best(State.evaluated(state, { eval_loss: 3 }, false), horizon)).toEqual({ metric: 3, step: 0 })
})

it("does not take NaN for the best, in the first evaluation neither", () => {
  const best = Schedule.best({ metric: "eval_loss", mode: "min" })
  let evaluations: State.Evaluations = null
  const found = [Number.NaN, 0.7, Number.NaN, 0.5].map((eval_loss, step) => {
    evaluations = State.append(evaluations, { step, epoch: 0, initial: false, metrics: { eval_loss } })
    return best({ ...State.initial, evaluations }, horizon)
  })
  expect(found).toEqual([null, { metric: 0.7, step: 1 }, { metric: 0.7, step: 1 }, { metric: 0.5, step: 3 }])
})

describe("toEffect", () => {
  effectIt.effect("asks before each turn, so that a finished run takes none", () =>
    Effect.gen(function* () {
      const unfinished = Schedule.reached("1dur").pipe(
        Schedule.toEffect(horizon),
        EffectSchedule.while(({ output }) => !output)
      )
      let turns = 0
      const step = (from: State.TrainerState) => {
        let state = from
        return Effect.scheduleFrom(
          Effect.sync(() => {
            turns++
            state = { ...state, step: state.step + 1 }
            return state
          }),
          state,
          unfinished
        )
      }
      yield* step(State.initial)
      expect(turns).toBe(10)
      yield* step({ ...State.initial, step: 10 })
      expect(turns).toBe(10)
    })
  )
})
