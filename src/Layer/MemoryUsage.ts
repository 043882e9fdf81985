/** Measures the memory of the process (its resident set) while something runs. **Unit**: bytes. */
import { Worker } from "node:worker_threads"
import { Context, Effect, Layer } from "effect"
import { type Shared, thread } from "./MemoryThread.ts"

export interface Usage {
  readonly begin: number
  readonly end: number
  /** The highest measurement, no less than both. */
  readonly peak: number
}

export class Memory extends Context.Service<
  Memory,
  {
    /** Starts a measurement, and returns the effect that ends it. */
    readonly watch: Effect.Effect<Effect.Effect<Usage>>
  }
>()("regimen/Layer/Memory") {}

/**
 * Measures from a separate thread, about a thousand times a second, as synchronous tensor maths blocks the timers of this one. Measurements that
 * overlap share their peak. Where no thread can be started, it logs a warning and measures only at begin and end.
 */
export const live: Layer.Layer<Memory> = Layer.effect(
  Memory,
  Effect.gen(function* () {
    const shared: Shared = {
      watching: new Int32Array(new SharedArrayBuffer(4)),
      peak: new BigInt64Array(new SharedArrayBuffer(8))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(new URL(thread), { workerData: { memory: shared } })),
      (worker) => Effect.promise(() => worker.terminate())
    ).pipe(
      Effect.tap(ready),
      Effect.catchCause((cause) =>
        Effect.logWarning("Peak memory cannot be measured: memory is measured only where a phase begins and ends.", cause)
      )
    )
    const change = (by: 1 | -1) => {
      const before = Atomics.add(shared.watching, 0, by)
      Atomics.notify(shared.watching, 0)
      return before
    }
    return {
      watch: Effect.sync(() => {
        const begin = resident()
        if (Atomics.load(shared.watching, 0) === 0) Atomics.store(shared.peak, 0, 0n)
        change(1)
        return Effect.sync(() => {
          change(-1)
          const end = resident()
          return { begin, end, peak: Math.max(begin, end, Number(Atomics.load(shared.peak, 0))) }
        })
      })
    }
  })
)

/** Provides fixed usages for tests: one for each measurement, in the order in which they end; the last one is repeated. */
export const test = (usages: readonly [Usage, ...ReadonlyArray<Usage>]): Layer.Layer<Memory> =>
  Layer.sync(Memory, () => {
    let ended = 0
    return { watch: Effect.succeed(Effect.sync(() => usages[Math.min(ended++, usages.length - 1)]!)) }
  })

const resident = (): number => process.memoryUsage.rss()

/** Waits until the thread runs, so that its own memory is not measured. It does not keep the process alive. */
const ready = (worker: Worker): Effect.Effect<void, Error> =>
  Effect.callback<void, Error>((resume) => {
    worker.once("message", () => resume(Effect.void))
    worker.once("error", (error) => resume(Effect.fail(error instanceof Error ? error : new Error(String(error)))))
    worker.once("exit", (code) => resume(Effect.fail(new Error(`the thread exited with code ${code}`))))
  }).pipe(Effect.andThen(Effect.sync(() => worker.unref())))
