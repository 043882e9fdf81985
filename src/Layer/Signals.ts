/** Signals of the process: work that a signal interrupts ends as it would on any interruption, and then the process does. */
import { Effect, Fiber } from "effect"

const signals = ["SIGINT", "SIGTERM"] as const

/** Runs an effect that a signal interrupts. Once it is cleaned up, the signal takes its usual course. */
export const heed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    let caught: NodeJS.Signals | undefined
    const fiber = yield* Effect.forkChild(effect)
    const stop = (signal: NodeJS.Signals) => {
      caught = signal
      fiber.interruptUnsafe()
    }
    const listen = Effect.sync(() => {
      for (const signal of signals) process.on(signal, stop)
    })
    const deafen = Effect.sync(() => {
      for (const signal of signals) process.off(signal, stop)
      if (caught !== undefined) process.kill(process.pid, caught)
    })
    return yield* Effect.acquireUseRelease(
      listen,
      () => Fiber.join(fiber),
      () => deafen
    )
  })
