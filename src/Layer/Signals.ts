/** Signals of the process: SIGINT and SIGTERM interrupt an effect, and end the process once it has cleaned up. */
import { Effect, Fiber } from "effect"

const signals = ["SIGINT", "SIGTERM"] as const

/** Runs an effect that SIGINT and SIGTERM interrupt. After its finalizers and then `last`, the signal is raised again with its default action. */
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
          unlisten(stop)
          if (caught !== undefined) process.kill(process.pid, caught)
        })
    )
  })

type Stop = (signal: NodeJS.Signals) => void

/** All effects in progress, which share one listener of the process. */
const working = new Set<Stop>()

const notify = (signal: NodeJS.Signals) => {
  for (const stop of working) stop(signal)
}

const listen = (stop: Stop) => {
  if (working.size === 0) for (const signal of signals) process.on(signal, notify)
  working.add(stop)
}

const unlisten = (stop: Stop) => {
  working.delete(stop)
  if (working.size === 0) for (const signal of signals) process.off(signal, notify)
}
