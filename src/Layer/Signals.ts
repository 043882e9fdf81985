/** Signals of the process: work that a signal interrupts ends as it would on any interruption, and then the process does. */
import { Effect, Fiber } from "effect"

const signals = ["SIGINT", "SIGTERM"] as const

/** Runs an effect that a signal interrupts. Once it is cleaned up, and what is `last` is done, the signal takes its usual course. */
export const heed = <A, E, R>(effect: Effect.Effect<A, E, R>, last: Effect.Effect<void>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    let caught: NodeJS.Signals | undefined
    const fiber = yield* Effect.forkChild(effect)
    const stop = (signal: NodeJS.Signals) => {
      caught = signal
      fiber.interruptUnsafe()
    }
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => listen(stop)),
      () => Fiber.join(fiber),
      () =>
        Effect.gen(function* () {
          if (caught !== undefined) yield* last
          deafen(stop)
          if (caught !== undefined) process.kill(process.pid, caught)
        })
    )
  })

type Stop = (signal: NodeJS.Signals) => void

/** All work under way: the process has one listener for it, however much it is. */
const working = new Set<Stop>()

const tell = (signal: NodeJS.Signals) => {
  for (const stop of working) stop(signal)
}

const listen = (stop: Stop) => {
  if (working.size === 0) for (const signal of signals) process.on(signal, tell)
  working.add(stop)
}

const deafen = (stop: Stop) => {
  working.delete(stop)
  if (working.size === 0) for (const signal of signals) process.off(signal, tell)
}
