/** A signal interrupts what is under way; once that is cleaned up, and the last is done, it takes its usual course. */
import { expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as Signals from "../../../src/Layer/Signals.ts"

it.live("cleans up, runs the last effect and lets the signal through, with one listener for all work of a process", () =>
  Effect.gen(function* () {
    const order: Array<string> = []
    const signalled = () => void order.push("signal")
    process.on("SIGTERM", signalled)
    const before = process.listenerCount("SIGTERM")
    const work = (name: string) =>
      Signals.heed(
        Effect.onExit(Effect.never, () => Effect.sync(() => void order.push(`${name} cleaned`))),
        Effect.sync(() => void order.push(`${name} last`))
      )
    const stop = Effect.andThen(
      Effect.sleep(20),
      Effect.sync(() => {
        expect(process.listenerCount("SIGTERM")).toBe(before + 1)
        process.kill(process.pid, "SIGTERM")
      })
    )
    const exits = yield* Effect.all([Effect.exit(work("a")), Effect.exit(work("b")), stop], { concurrency: "unbounded" })
    yield* Effect.sleep(50)
    process.off("SIGTERM", signalled)
    expect(exits.slice(0, 2).map((exit) => Exit.isExit(exit) && Exit.hasInterrupts(exit))).toEqual([true, true])
    for (const name of ["a", "b"]) {
      const [cleaned, last] = [order.indexOf(`${name} cleaned`), order.indexOf(`${name} last`)]
      expect(cleaned).toBeGreaterThan(0)
      expect(last).toBeGreaterThan(cleaned)
      expect(order.lastIndexOf("signal")).toBeGreaterThan(last)
    }
    expect(process.listenerCount("SIGTERM")).toBe(before - 1)
  })
)

it.live("removes the listener and skips the last effect when work ends without a signal", () =>
  Effect.gen(function* () {
    const before = process.listenerCount("SIGINT")
    let last = 0
    const ended = Signals.heed(
      Effect.sync(() => process.listenerCount("SIGINT")),
      Effect.sync(() => void last++)
    )
    yield* ended
    expect([process.listenerCount("SIGINT"), last]).toEqual([before, 0])
  })
)
