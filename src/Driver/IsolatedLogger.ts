/** Isolates a run from its logger: what the logger throws is reported once, and a logger that hangs is abandoned. */
import { Cause, type Duration, Effect, Option, Predicate } from "effect"
import type { Logger, Progress } from "../Layer/Logger/Logger.ts"
import * as Timeouts from "./Timeouts.ts"

/** How long a run waits for one call of its logger. The background of `Logger.all` gives up on a single logger earlier. */
const defaultLimit: Duration.Input = "20 seconds"

/**
 * Wraps a logger. **Law**: a call of it never fails or throws, and waits at most once for `limit`, or for `grace` once the run is interrupted
 * (test/unit/Driver/IsolatedLogger.test.ts).
 */
export const make = (
  logger: Logger["Service"],
  limit: Duration.Input = defaultLimit,
  grace: Duration.Input = limit
): Logger["Service"] => {
  let reported = false
  let abandoned = false
  let thrown: { readonly cause: unknown } | undefined // by `progress`, which cannot report
  const report = (cause: Cause.Cause<unknown>) =>
    Effect.suspend(() => {
      if (reported) return Effect.void
      reported = true
      return Effect.logWarning("The logger failed. The run continues.", cause)
    })
  const abandon = Effect.suspend(() => {
    abandoned = true
    return Effect.logWarning("The logger does not respond. The run continues without it.")
  })
  const isolated = (call: () => Effect.Effect<void>) =>
    Effect.suspend(() => {
      if (abandoned) return Effect.void
      const done = Timeouts.withinGrace(
        Effect.catchCause(
          Effect.suspend(() => effectOf(call())),
          report
        ),
        limit,
        grace
      )
      const waited = Effect.flatMap(done, (done) => (Option.isSome(done) ? Effect.void : abandon))
      return thrown === undefined ? waited : Effect.andThen(report(Cause.die(thrown.cause)), waited)
    })
  const { progress } = logger
  const isolatedProgress = (progress: (now: Progress) => void) => (now: Progress) => {
    if (thrown !== undefined) return
    try {
      progress(now)
    } catch (cause) {
      thrown = { cause }
    }
  }
  return {
    log: (entry) => isolated(() => logger.log(entry)),
    flush: isolated(() => logger.flush),
    ...(progress === undefined ? {} : { progress: isolatedProgress(progress) })
  }
}

/** A logger written in JavaScript may return a promise, or nothing. */
const effectOf = (called: unknown): Effect.Effect<void> => {
  if (Effect.isEffect(called)) return called as Effect.Effect<void>
  return Predicate.isPromiseLike(called) ? Effect.promise(async () => void (await called)) : Effect.void
}
