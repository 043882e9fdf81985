/**
 * Removes the process's listeners that loading a backend adds.
 *
 * **Fault**: the wasm backend listens to `uncaughtException` and `unhandledRejection` and throws again, so that a program's own errors are reported
 * from within the backend's file.
 * **Upstream**: tensorflow/tfjs#5851, pull request #5852 (open), emscripten-core/emscripten#11768.
 * **Remove when**: "wasm/Listeners" of test/contract/Upstream.test.ts fails.
 */

const events = ["uncaughtException", "unhandledRejection"] as const

/** Runs a function, then removes the listeners that were added meanwhile. */
export const withoutNewListeners = async <A>(load: () => Promise<A>): Promise<A> => {
  const before = listeners()
  const loaded = await load()
  for (const { event, listener } of listeners())
    if (!before.some((own) => own.listener === listener)) process.off(event, listener)
  return loaded
}

const listeners = () =>
  events.flatMap((event) => process.rawListeners(event).map((listener) => ({ event, listener: listener as () => void })))
