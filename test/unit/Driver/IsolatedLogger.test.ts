/** A run is isolated from its logger: it neither fails with it nor waits for it twice. */
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as IsolatedLogger from "../../../src/Driver/IsolatedLogger.ts"
import type { Entry, Progress } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import { initial } from "../../../src/TrainerState.ts"

const entry: Entry = { _tag: "Text", run: "a", attempt: 1, step: 3, epoch: 0.5, text: "half way" }
const now = { phase: "train", state: initial, horizon: Horizon.make({ maxSteps: 1, batchesPerEpoch: 1 }) } as const

/** Runs an effect and returns what it logs: messages with those of their causes. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const messages: Array<string> = []
  const logger = Logger.make(({ cause, message }) => {
    messages.push(`${Array.isArray(message) ? message[0] : message} ${Cause.prettyErrors(cause).map((error) => error.message)}`)
  })
  return Effect.as(Effect.provide(effect, Logger.layer([logger])), messages)
}

it.effect("isolates exceptions and defects of a logger, also from its progress", () =>
  Effect.gen(function* () {
    const thrown = () => {
      throw new Error("mine")
    }
    const logger = IsolatedLogger.make({ log: thrown, progress: thrown, flush: Effect.die("mine") })
    yield* logger.log(entry)
    yield* logger.flush
    logger.progress?.(now)
    logger.progress?.(now)
    yield* logger.log(entry)
  })
)

it.effect("waits once for a logger that hangs, and does not call it again", () =>
  Effect.gen(function* () {
    for (const hang of [Effect.never, Effect.uninterruptible(Effect.never)]) {
      let calls = 0
      const logger = IsolatedLogger.make(
        {
          log: () =>
            Effect.andThen(
              Effect.sync(() => void calls++),
              hang
            ),
          flush: hang
        },
        "1 second"
      )
      const logged = yield* Effect.forkChild(Effect.uninterruptible(logger.log(entry)), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(logged)
      yield* logger.log(entry) // the clock stands still
      yield* logger.flush
      expect(calls).toBe(1)
    }
  })
)

it.effect(
  "waits no longer than the grace period once the run is interrupted, and completes an act that cannot be interrupted",
  () =>
    Effect.gen(function* () {
      const logger = IsolatedLogger.make({ log: () => Effect.never, flush: Effect.void }, "20 seconds", "1 second")
      let completed = false
      const act = Effect.andThen(
        logger.log(entry),
        Effect.sync(() => {
          completed = true
        })
      )
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(act), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      expect(completed).toBe(false)
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupted)
      expect(completed).toBe(true)
    })
)

it.effect("takes a logger of plain functions, which return promises or nothing, and one without flush", () =>
  Effect.gen(function* () {
    const entries: Array<Entry> = []
    const plain = { log: async (entry: Entry) => void entries.push(entry), flush: undefined }
    const logger = IsolatedLogger.make(plain as unknown as Parameters<typeof IsolatedLogger.make>[0])
    yield* logger.log(entry)
    yield* logger.flush
    expect(entries).toEqual([entry])
    const rejecting = { log: () => Promise.reject(new Error("mine")), flush: undefined }
    yield* IsolatedLogger.make(rejecting as unknown as Parameters<typeof IsolatedLogger.make>[0]).log(entry)
  })
)

it.effect("reports the first failure of a logger only, and passes its later calls on", () =>
  Effect.gen(function* () {
    let calls = 0
    const logger = IsolatedLogger.make({
      log: () =>
        Effect.suspend(() => {
          calls++
          return Effect.die("mine")
        }),
      flush: Effect.die("mine")
    })
    const messages = yield* logged(Effect.andThen(Effect.andThen(logger.log(entry), logger.log(entry)), logger.flush))
    expect(messages).toEqual(["The logger failed. The run continues. mine"])
    expect(calls).toBe(2)
  })
)

it.effect("reports at the next call that progress threw, and then shows no more progress", () =>
  Effect.gen(function* () {
    let calls = 0
    const progress = () => {
      calls++
      throw new Error("mine")
    }
    const logger = IsolatedLogger.make({ log: () => Effect.void, flush: Effect.void, progress })
    logger.progress?.(now)
    logger.progress?.(now)
    expect(calls).toBe(1)
    expect(yield* logged(logger.flush)).toEqual(["The logger failed. The run continues. mine"])
    expect(yield* logged(logger.log(entry))).toEqual([])
  })
)

it.effect("passes progress on, reports nothing about a logger that works, and has no progress if the logger has none", () =>
  Effect.gen(function* () {
    const shown: Array<Progress> = []
    let flushed = false
    const flush = Effect.sync(() => {
      flushed = true
    })
    const working = { log: () => Effect.void, flush, progress: (now: Progress) => void shown.push(now) }
    const logger = IsolatedLogger.make(working)
    logger.progress?.(now)
    logger.progress?.(now)
    expect(shown).toEqual([now, now])
    expect(yield* logged(Effect.andThen(logger.log(entry), logger.flush))).toEqual([])
    expect(flushed).toBe(true)
    expect("progress" in IsolatedLogger.make({ log: () => Effect.void, flush: Effect.void })).toBe(false)
  })
)

it.effect("waits for a promise of the logger", () =>
  Effect.gen(function* () {
    let resolve = () => {}
    let done = false
    const pending = new Promise<void>((resolved) => {
      resolve = resolved
    }).then(() => {
      done = true
    })
    const slow = { log: () => pending, flush: undefined }
    const logger = IsolatedLogger.make(slow as unknown as Parameters<typeof IsolatedLogger.make>[0])
    const fiber = yield* Effect.forkChild(logger.log(entry), { startImmediately: true })
    resolve()
    yield* Fiber.join(fiber)
    expect(done).toBe(true)
  })
)
