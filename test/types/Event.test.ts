import type { Plan } from "regimen"
import { expectTypeOf, it } from "vitest"

/** What an observer of an event may ask for. */
type Asks<T extends Plan.Tag> = Plan.Requests[T]

it("offers only what an event can still honour", () => {
  expectTypeOf<Asks<"StepEnded">>().toEqualTypeOf<"log" | "evaluate" | "save" | "stopEpoch" | "stopRun">()
  expectTypeOf<Asks<"Logged">>().toEqualTypeOf<"evaluate" | "save" | "stopEpoch" | "stopRun">()
  expectTypeOf<Asks<"Evaluated">>().toEqualTypeOf<"save" | "stopEpoch" | "stopRun">()
  expectTypeOf<Asks<"Saved">>().toEqualTypeOf<"stopEpoch" | "stopRun">()
  expectTypeOf<Asks<"Finished">>().toBeNever()
})

it("wants the answer that an event's question has", () => {
  expectTypeOf<Plan.AnswerOf<"Microbatch">>().toEqualTypeOf<boolean>()
  expectTypeOf<Plan.AnswerOf<"Evaluate">>().toEqualTypeOf<Readonly<Record<string, number>>>()
  expectTypeOf<Plan.AnswerOf<"Saved">>().toBeUndefined()
})

it("types an event by its tag", () => {
  expectTypeOf<Plan.EventOf<"Evaluated">>().toHaveProperty("metrics")
  expectTypeOf<Plan.EventOf<"Saved">>().not.toHaveProperty("metrics")
  expectTypeOf<ReturnType<typeof Plan.play>>().toExtend<Generator<Plan.Event, unknown, Plan.Reply>>()
})
