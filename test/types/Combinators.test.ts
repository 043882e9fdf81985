import { type Clock, Horizon, LearningRate, Plan, Schedule, Trigger } from "regimen"
import { expectTypeOf, it } from "vitest"

const never = () => false
const off = (_: () => unknown) => undefined

it("pipes to the same types as calls", () => {
  expectTypeOf(Schedule.constant(1).pipe(Schedule.map(String))).toEqualTypeOf<Schedule.Schedule<string>>()
  expectTypeOf(Schedule.map(Schedule.constant(1), String)).toEqualTypeOf<Schedule.Schedule<string>>()
  expectTypeOf(Schedule.constant(1).pipe(Schedule.zip(Schedule.constant("a")))).toEqualTypeOf<
    Schedule.Schedule<readonly [number, string]>
  >()
  expectTypeOf(Schedule.join(Schedule.constant(1), Schedule.constant("a"), "1ep")).toEqualTypeOf<
    Schedule.Schedule<number | string>
  >()
  expectTypeOf(Trigger.every("1ep").pipe(Trigger.or(never), Trigger.when(Schedule.reached(3)))).toEqualTypeOf<Trigger.Trigger>()
})

it("refuses units that there are not", () => {
  off(() => {
    // @ts-expect-error no such unit
    Trigger.every("2epochs")
    // @ts-expect-error it is unknown beforehand when so many tokens will have been seen
    LearningRate.cosine({ peak: 1, warmup: "1e6tok" })
    // @ts-expect-error the same for where schedules are joined
    Schedule.join(Schedule.constant(1), Schedule.constant(2), "10sp")
  })
  expectTypeOf("1e6tok" as const).toExtend<Clock.Span.Input>()
})

it("refuses plans without their two necessities, and levels of another type", () => {
  const horizon = Horizon.make({ maxSteps: 1, batchesPerEpoch: 1 })
  off(() => {
    // @ts-expect-error no learning rate
    Plan.make({ horizon })
    // @ts-expect-error a learning rate is a number
    Plan.make({ horizon, learningRate: Schedule.constant("high") })
    // @ts-expect-error stop is a condition (a boolean Schedule), not a trigger
    Plan.make({ horizon, learningRate: () => 1, stop: Trigger.every(1) })
  })
  expectTypeOf(Plan.make({ horizon, learningRate: () => 1, log: never })).toEqualTypeOf<Plan.Plan>()
})

it("lets a script ask only for what an event can honour", () => {
  const horizon = Horizon.make({ maxSteps: 1, batchesPerEpoch: 1 })
  const plan = Plan.make({ horizon, learningRate: () => 1 })
  off(() => {
    Plan.simulate(plan, { requests: { StepEnded: ({ state }) => (state.step === 1 ? ["save", "stopRun"] : []) } })
    // @ts-expect-error a log would be lost after the log
    Plan.simulate(plan, { requests: { Logged: () => ["log"] } })
    // @ts-expect-error the epoch has not begun
    Plan.simulate(plan, { requests: { Started: () => ["stopEpoch"] } })
    // @ts-expect-error there is nothing to log yet
    Plan.simulate(plan, { requests: { Started: () => ["log"] } })
    // @ts-expect-error the run is over
    Plan.simulate(plan, { requests: { Finished: () => ["save"] } })
    // @ts-expect-error a question takes an answer, no requests
    Plan.simulate(plan, { requests: { Evaluate: () => ["stopRun"] } })
    // @ts-expect-error the epoch is over
    Plan.simulate(plan, { requests: { EpochEnded: () => ["stopEpoch"] } })
  })
})
