/** Laws of levels: the algebra, and joining. */
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Clock from "../../src/Schedule/Clock.ts"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../src/Schedule/LearningRate.ts"
import * as Schedule from "../../src/Schedule/Schedule.ts"
import * as Plans from "../../src/Testing/Arbitraries.ts"
import * as State from "../../src/TrainerState.ts"

const at = (step: number): State.TrainerState => ({ ...State.initial, step })
const planned = fc.oneof(
  fc.integer({ min: 1, max: 30 }),
  fc.constantFrom<Clock.Span.Planned>("1ep", "0.5ep", "0.1dur", "0.5dur", "5ba")
)

const rate: fc.Arbitrary<Schedule.Schedule<number>> = fc
  .record({ peak: fc.constantFrom(1, 0.25, 1e-3), warmup: fc.constantFrom<Clock.Span.Planned>(0, 2, "0.2dur") })
  .chain((options) =>
    fc.constantFrom(
      LearningRate.constant(options),
      LearningRate.linear(options),
      LearningRate.cosine({ ...options, floor: 1e-4 }),
      LearningRate.cosineWithRestarts({ ...options, cycles: 2 }),
      LearningRate.polynomial({ ...options, power: 2 }),
      LearningRate.inverseSqrt(options),
      LearningRate.warmupStableDecay({ ...options, decay: "0.2dur" })
    )
  )

it("before a boundary join is the first, from it on the second on a clock that reads so much less", () => {
  fc.assert(
    fc.property(rate, rate, planned, Plans.horizon, fc.nat(40), (first, second, boundary, horizon, step) => {
      const joined = first.pipe(Schedule.join(second, boundary))
      const b = Clock.toSteps(Clock.planned(boundary), horizon)
      const expected =
        step < b
          ? first(at(step), { ...horizon, maxSteps: Math.min(b, horizon.maxSteps) })
          : second(at(step - b), { ...horizon, maxSteps: Math.max(0, horizon.maxSteps - b) })
      expect(joined(at(step), horizon)).toBe(expected)
    }),
    { numRuns: 500 }
  )
})

it("join moves the data cursor as well", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(40),
      fc.nat(40),
      (batchesPerEpoch, accumulation, b, more) => {
        const horizon = Horizon.make({ maxSteps: 100, batchesPerEpoch, accumulation })
        const perEpoch = Horizon.stepsPerEpoch(horizon)
        const stateAt = (step: number): State.TrainerState => {
          const epoch = Math.floor(step / perEpoch)
          const batch = Math.min((step - epoch * perEpoch) * accumulation, batchesPerEpoch)
          return { ...State.initial, step, epoch: epoch + batch / batchesPerEpoch, position: { epoch, batch } }
        }
        // where the boundary is the end of an epoch, the second schedule sees exactly the beginning of a run
        const boundary = b * perEpoch
        const seen = Schedule.join(
          Schedule.constant(State.initial),
          Schedule.make((state) => state),
          boundary
        )(stateAt(boundary + more), horizon)
        expect(seen).toEqual(boundary === 0 && more === 0 ? stateAt(0) : stateAt(more))
      }
    ),
    { numRuns: 300 }
  )
})

it("map and zip are those of functions", () => {
  fc.assert(
    fc.property(Plans.state, Plans.horizon, (state, horizon) => {
      const step = Schedule.make((state) => state.step)
      const samples = (state: State.TrainerState) => state.samples
      expect(
        step.pipe(
          Schedule.map((n) => n + 1),
          Schedule.map(String)
        )(state, horizon)
      ).toBe(String(state.step + 1))
      expect(Schedule.zip(step, samples)(state, horizon)).toEqual([state.step, state.samples])
      expect(Schedule.zipWith(step, samples, (a, b) => a - b)(state, horizon)).toBe(state.step - state.samples)
    }),
    { numRuns: 200 }
  )
})

it("every learning rate stays between 0 and its peak", () => {
  fc.assert(
    fc.property(rate, Plans.horizon, fc.nat(40), (rate, horizon, step) => {
      const value = rate(at(step), horizon)
      expect(value).toBeGreaterThanOrEqual(0)
      expect(value).toBeLessThanOrEqual(1)
    }),
    { numRuns: 500 }
  )
})

it("best and impatient are what going through all evaluations tells", () => {
  fc.assert(
    fc.property(
      Plans.goal,
      fc.array(fc.tuple(fc.nat(5), fc.boolean(), fc.boolean())),
      fc.integer({ min: 1, max: 4 }),
      (goal, rows, patience) => {
        const sign = goal.mode === "max" ? 1 : -1
        const horizon = Horizon.make({ maxSteps: 1, batchesPerEpoch: 1 })
        const best = Schedule.bestStep(goal)
        const impatient = Schedule.impatient({ ...goal, patience })
        let state = State.initial
        const seen: Array<{ step: number; value: number }> = []
        let stopped = false
        rows.forEach(([value, missing], i) => {
          state = State.evaluated({ ...state, step: i }, missing ? {} : { [goal.metric]: value }, false)
          if (!missing) seen.push({ step: i, value })
          const top = Math.max(...seen.map(({ value }) => sign * value))
          const at = seen.findIndex(({ value }) => sign * value === top)
          expect(best(state, horizon)).toBe(seen[at]?.step ?? null)
          // evaluations since the last that was better than all before it
          stopped ||= seen.length - 1 - Math.max(at, 0) >= patience
          expect(impatient(state, horizon)).toBe(stopped)
        })
      }
    ),
    { numRuns: 300 }
  )
})
