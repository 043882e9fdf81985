import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Timeouts from "../../../src/Driver/Timeouts.ts"

it.effect("within returns a result in time, fails as the effect does, and abandons an uninterruptible effect that hangs", () =>
  Effect.gen(function* () {
    expect(yield* Timeouts.within(Effect.succeed(1), 10)).toEqual(Option.some(1))
    expect(yield* Effect.flip(Timeouts.within(Effect.fail("mine"), 10))).toBe("mine")
    const hanging = Effect.uninterruptible(Timeouts.within(Effect.uninterruptible(Effect.never), 10))
    const fiber = yield* Effect.forkChild(hanging, { startImmediately: true })
    yield* TestClock.adjust(11)
    expect(yield* Fiber.join(fiber)).toEqual(Option.none())
  })
)

it.effect("finish waits for an interrupted effect during the grace period, and no longer", () =>
  Effect.gen(function* () {
    for (const [takes, ended] of [
      [50, true],
      [500, false]
    ] as const) {
      let done = false
      let returned = false
      const report = Effect.sync(() => {
        returned = true
      })
      const work = Effect.andThen(
        Effect.sleep(takes),
        Effect.sync(() => {
          done = true
        })
      )
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(Effect.andThen(Timeouts.finish(work, 100), report)), {
        startImmediately: true
      })
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust(100)
      yield* Fiber.join(interrupted)
      expect(returned).toBe(ended)
      yield* TestClock.adjust(1_000)
      expect(done).toBe(ended)
    }
  })
)
