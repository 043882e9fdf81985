import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
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

it.effect("withinGrace returns a result in time, fails as the effect does, and interrupts an effect that takes longer", () =>
  Effect.gen(function* () {
    expect(yield* Timeouts.withinGrace(Effect.succeed(1), 10, 10)).toEqual(Option.some(1))
    expect(yield* Effect.flip(Timeouts.withinGrace(Effect.fail("mine"), 10, 10))).toBe("mine")
    for (const [takes, result] of [
      [5, Option.some(1)],
      [50, Option.none()]
    ] as const) {
      let interrupted = false
      const slow = Effect.onInterrupt(Effect.as(Effect.sleep(takes), 1), () =>
        Effect.sync(() => {
          interrupted = true
        })
      )
      const fiber = yield* Effect.forkChild(Timeouts.withinGrace(slow, 10, 10), { startImmediately: true })
      yield* TestClock.adjust(10)
      expect(yield* Fiber.join(fiber)).toEqual(result)
      expect(interrupted).toBe(Option.isNone(result))
    }
  })
)

it.effect("withinGrace gives an effect the grace period, and its result, once the caller is interrupted", () =>
  Effect.gen(function* () {
    for (const [takes, result] of [
      [50, Option.some(1)],
      [500, Option.none()]
    ] as const) {
      let returned: Option.Option<number> | undefined
      const waiting = Effect.map(Timeouts.withinGrace(Effect.as(Effect.sleep(takes), 1), 10_000, 100), (value) => {
        returned = value
      })
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(waiting), { startImmediately: true })
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust(100)
      yield* Fiber.join(interrupted)
      expect(returned).toEqual(result)
    }
  })
)

it.effect("within interrupts the effect when the caller is interrupted", () =>
  Effect.gen(function* () {
    let interrupted = false
    const hanging = Effect.onInterrupt(Effect.never, () =>
      Effect.sync(() => {
        interrupted = true
      })
    )
    const fiber = yield* Effect.forkChild(Timeouts.within(hanging, 1_000), { startImmediately: true })
    yield* Fiber.interrupt(fiber)
    expect(interrupted).toBe(true)
  })
)

it.effect("starts the effect at once", () =>
  Effect.gen(function* () {
    let started = false
    const effect = Effect.sync(() => {
      started = true
    })
    const fiber = Effect.runFork(Timeouts.within(effect, 10))
    expect(started).toBe(true)
    yield* Fiber.join(fiber)
  })
)

it.effect("finish interrupts its caller after an effect that did not end in the grace period", () =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Timeouts.finish(Effect.never, 100), { startImmediately: true })
    yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
    yield* TestClock.adjust(100)
    const exit = yield* Fiber.await(fiber)
    expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true)
  })
)
