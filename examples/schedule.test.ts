/** Properties of the schedule for any peak and period, tested without tensors or training. */
import { Result } from "effect"
import fc from "fast-check"
import { Horizon, Plan, TrainerState } from "regimen"
import { expect, it } from "vitest"
import { cycleEnd, cycles } from "./schedule.ts"

const peak = fc.double({ min: 1e-6, max: 1, noNaN: true })
const period = fc.integer({ min: 1, max: 50 })
const horizon = Horizon.make({ maxSteps: 1000, batchesPerEpoch: 10 })

it("the rate starts each cycle at its peak, and never leaves [0, peak]", () => {
  fc.assert(
    fc.property(peak, period, fc.nat(1000), (peak, period, step) => {
      const rate = cycles(peak, period)({ ...TrainerState.initial, step }, horizon)
      expect(rate).toBeGreaterThanOrEqual(0)
      expect(rate).toBeLessThanOrEqual(peak)
      if (step % period === 0) expect(rate).toBe(peak)
    })
  )
})

it("a run saves once a cycle", () => {
  fc.assert(
    fc.property(period, fc.integer({ min: 1, max: 200 }), (period, maxSteps) => {
      const plan = Plan.make({
        horizon: Horizon.make({ maxSteps, batchesPerEpoch: 7 }),
        learningRate: cycles(0.1, period),
        save: cycleEnd(period)
      })
      const { state } = Result.getOrThrow(Plan.simulate(plan))
      expect(state.checkpoints.length).toBe(Math.floor(maxSteps / period))
    })
  )
})
