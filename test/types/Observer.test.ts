import { Context, Effect, Schema } from "effect"
import { expectTypeOf, it } from "vitest"
import * as Observer from "../../src/Driver/Observer.ts"

class First extends Schema.TaggedError<First>()("First", {}) {}
class Second extends Schema.TaggedError<Second>()("Second", {}) {}
class Limit extends Context.Service<Limit, number>()("test/Limit") {}

const off = (_: () => unknown) => undefined

it("infers the errors and requirements of handlers and of several observers as unions", () => {
  const first = Observer.make({ StepEnded: ({ state }) => (state.step > 1 ? new First() : Effect.succeed(["stopRun"])) })
  expectTypeOf(first).toEqualTypeOf<Observer.Observer<First>>()
  const second = Observer.make({
    Saved: () => Effect.flatMap(Limit, (limit) => (limit > 1 ? new Second() : Effect.succeed(["stopRun"]))),
    StepEnded: ({ state }) => (state.step > 1 ? new First() : Effect.succeed([]))
  })
  expectTypeOf(second).toEqualTypeOf<Observer.Observer<First | Second, Limit>>()
  const third = Observer.make({ Logged: () => new Second() })
  expectTypeOf(Observer.all(first, third)).toEqualTypeOf<Observer.Observer<First | Second>>()
  expectTypeOf(Observer.all(first, second, third)).toEqualTypeOf<Observer.Observer<First | Second, Limit>>()
})

it("refuses events that there are not, and requests that an event cannot honour", () => {
  off(() => {
    // @ts-expect-error no such event
    Observer.make({ StepEnd: () => Effect.succeed([]) })
    // @ts-expect-error a log would be lost after the log
    Observer.make({ Logged: () => Effect.succeed(["log"]) })
  })
})
