/** Limits on waiting for the user's code where a run cannot be interrupted: a logger, a store or a hook that hangs is abandoned. */
import { type Duration, Effect, Exit, Fiber, Option } from "effect"

/**
 * Runs an effect and waits for at most `limit`, whatever interruptible region it is in; none if that was not enough. The effect then goes on unobserved
 * until its interruption takes effect.
 */
export const within = <A, E, R>(effect: Effect.Effect<A, E, R>, limit: Duration.Input): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.flatMap(fork(effect), (fiber) => {
    const done = fiber.pollUnsafe()
    return done === undefined ? abandonAfter(fiber, limit) : Effect.asSome(done)
  })

/**
 * Runs an effect and waits for at most `limit`; once the caller is interrupted, for at most `grace`, also where the caller cannot be interrupted. None if that
 * was not enough. The caller's interruption takes effect only where it can be interrupted.
 */
export const withinGrace = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  limit: Duration.Input,
  grace: Duration.Input
): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.uninterruptible(
    Effect.flatMap(fork(effect), (fiber) => {
      const done = fiber.pollUnsafe()
      if (done !== undefined) return Effect.asSome(done)
      return Effect.flatMap(Effect.exit(Effect.interruptible(Effect.timeoutOption(Fiber.await(fiber), limit))), (waited) => {
        if (Exit.isFailure(waited)) return abandonAfter(fiber, grace)
        if (Option.isSome(waited.value)) return Effect.asSome(waited.value.value)
        return Effect.as(
          Effect.sync(() => fiber.interruptUnsafe()),
          Option.none<A>()
        )
      })
    })
  )

/** Runs an effect that an interruption does not stop at once, whatever interruptible region it is in: it then has `grace` to finish. */
export const finish = <A, E, R>(effect: Effect.Effect<A, E, R>, grace: Duration.Input): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(
    Effect.flatMap(fork(effect), (fiber) =>
      Effect.flatMap(Effect.exit(Effect.interruptible(Fiber.await(fiber))), (waited) =>
        Exit.isSuccess(waited)
          ? waited.value
          : Effect.flatMap(abandonAfter(fiber, grace), Option.match({ onNone: () => Effect.interrupt, onSome: Effect.succeed }))
      )
    )
  )

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkDetach(Effect.interruptible(effect), { startImmediately: true })

const abandonAfter = <A, E>(fiber: Fiber.Fiber<A, E>, limit: Duration.Input): Effect.Effect<Option.Option<A>, E> =>
  Fiber.join(fiber).pipe(
    Effect.interruptible,
    Effect.timeoutOption(limit),
    Effect.tap((done) => (Option.isNone(done) ? Effect.sync(() => fiber.interruptUnsafe()) : Effect.void)),
    Effect.onInterrupt(() => Effect.sync(() => fiber.interruptUnsafe()))
  )
