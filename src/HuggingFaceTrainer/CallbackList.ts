/** `add_callback`, `pop_callback`, `remove_callback`. */
import { type Effect, Ref } from "effect"
import type { Callback } from "../Driver/Callback.ts"
import type { TrainerContext } from "./TrainerContext.ts"

/** Adds a callback at the end of the list. */
export const add = <A, E, R>({ ref }: TrainerContext<A, E, R>, callback: Callback<E, R>): Effect.Effect<void> =>
  Ref.update(ref, (held) => ({ ...held, callbacks: [...held.callbacks, callback] }))

/** Takes the first callback of a name, or that very one, out of the list, and gives it; undefined where there is none. */
export const pop = <A, E, R>(
  { ref }: TrainerContext<A, E, R>,
  which: Callback<E, R> | string
): Effect.Effect<Callback<E, R> | undefined> =>
  Ref.modify(ref, (held) => {
    const index = held.callbacks.findIndex((callback) => callback === which || callback.name === which)
    return [held.callbacks[index], { ...held, callbacks: held.callbacks.filter((_, i) => i !== index) }]
  })
