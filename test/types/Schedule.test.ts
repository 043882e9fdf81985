import type { LearningRate, Schedule, TrainerState, Trigger } from "regimen"
import { expectTypeOf, it } from "vitest"

type State = TrainerState.TrainerState

it("takes a plain function wherever a schedule or a trigger is wanted", () => {
  expectTypeOf<(state: State) => number>().toExtend<Schedule.Schedule.Input<number>>()
  expectTypeOf<(before: State, after: State) => boolean>().toExtend<Trigger.Trigger.Input>()
  expectTypeOf<(state: State) => string>().not.toExtend<Schedule.Schedule.Input<number>>()
  expectTypeOf<(state: string) => number>().not.toExtend<Schedule.Schedule.Input<number>>()
})

it("is still a schedule or a trigger where a plain function is wanted", () => {
  expectTypeOf<Schedule.Schedule<number>>().toExtend<Schedule.Schedule.Input<number>>()
  expectTypeOf<Trigger.Trigger>().toExtend<Trigger.Trigger.Input>()
  expectTypeOf<ReturnType<typeof LearningRate.linear>>().toEqualTypeOf<Schedule.Schedule<number>>()
})
