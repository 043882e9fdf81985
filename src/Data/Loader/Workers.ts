/** Loads and collates batches in worker threads, while the main thread trains. */
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { Worker as Thread } from "node:worker_threads"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import { Deferred, Effect, type Scope } from "effect"
import * as Worker from "effect/workers/Worker"
import { defined } from "../../Defined.ts"
import type { HostTensors } from "../../Tensor/HostTensor.ts"
import type { Collator } from "../Collator.ts"
import { DataError, type Dataset, fromRows } from "../Dataset.ts"
import { type Loader, LoaderError, make, type Options } from "../Loader.ts"
import type { Sampler } from "../Sampler.ts"
import { prefetch } from "./Prefetch.ts"
import { type Request, type Response, type Start, thread } from "./Thread.ts"

/** The export of the workers' module: a dataset and a collator. Each worker opens the dataset separately. */
export interface Source<A> {
  readonly dataset: Dataset<A> | Effect.Effect<Dataset<A>, DataError, Scope.Scope>
  /** Default `Collator.stack()`. */
  readonly collate?: Collator<A>
}

export interface WorkerOptions extends Pick<Options<never>, "batchSize" | "dropLast"> {
  /** The module that the workers import: `new URL("./rows.ts", import.meta.url)`. */
  readonly module: URL
  /** The name of the `Source` that it exports. Default "source". */
  readonly source?: string
  /** The columns passed to the collator. Default: all. */
  readonly columns?: ReadonlyArray<string>
  /** The number of worker threads. Default: the number of cores minus one, and at least one. */
  readonly workers?: number
  /** The number of batches prefetched. Default: two per worker. */
  readonly ahead?: number
  /** Default `Sampler.sequential`. */
  readonly sampler?: Sampler
}

/**
 * Starts worker threads, and creates a loader that prefetches batches from them. Each batch is assigned to the worker with the fewest pending
 * batches; its content does not depend on the worker. The workers stop when the scope closes.
 *
 * **Law**: returns the batches of `Loader.make` with the same source, whatever the number of workers (test/property/Workers.test.ts).
 * **Errors**: as `Loader.make`; `LoaderError` for a number of workers that is not a positive integer; `DataError` if the module cannot be
 * imported, has no such source, or a dataset cannot be opened. If a worker exits, its pending batches fail with their first row.
 */
export const fromWorkers = Effect.fnUntraced(function* (
  options: WorkerOptions
): Effect.fn.Return<Loader, LoaderError | DataError, Scope.Scope> {
  const { module, source = "source", columns, workers = Math.max(1, availableParallelism() - 1), ...rest } = options
  const { ahead = 2 * workers } = options
  if (!(Number.isSafeInteger(workers) && workers > 0))
    return yield* new LoaderError({
      option: "workers",
      reason: `The number of workers is ${workers}: it must be a positive integer.`
    })
  const start: Start = { module: module.href, source, ...defined({ columns }) }
  const pool = yield* Effect.forEach(Array.from({ length: workers }).keys(), (id) => startWorker(id, start), {
    concurrency: "unbounded"
  })
  // The rows of this dataset are their indices; the worker that collates them reads them too.
  const loader = yield* make<number>({
    ...rest,
    dataset: fromRows({ size: pool[0]!.size, rows: Effect.succeed }),
    collate: (indices, _, epoch = 0) =>
      Effect.suspend(() => pool.reduce((a, b) => (b.pending() < a.pending() ? b : a)).batch(epoch, indices))
  })
  return yield* prefetch(loader, ahead)
})

interface WorkerHandle {
  readonly size: number
  /** The number of batches requested but not received; `Infinity` if the worker has stopped. */
  readonly pending: () => number
  readonly batch: (epoch: number, indices: ReadonlyArray<number>) => Effect.Effect<HostTensors, DataError>
}

const startWorker = Effect.fnUntraced(function* (
  id: number,
  start: Start
): Effect.fn.Return<WorkerHandle, DataError, Scope.Scope> {
  const file = start.module.startsWith("file:") ? fileURLToPath(start.module) : start.module
  const open = new Map<number, Deferred.Deferred<HostTensors, DataError>>()
  const ready = yield* Deferred.make<number, DataError>()
  let requests = 0
  let stopped: string | undefined

  const platform = NodeWorker.layer(() => new Thread(new URL(thread), { workerData: { regimen: start }, stdout: false }))
  const worker = yield* Effect.provide(
    Effect.flatMap(Worker.WorkerPlatform, (platform) => platform.spawn<Response, Request>(id)),
    platform
  ).pipe(Effect.mapError((error) => failed(file, null, error.message)))

  const receive = (message: Response): Effect.Effect<unknown> => {
    if (message._tag === "Opened") return Deferred.succeed(ready, message.size)
    if (message._tag === "NotOpened") return Deferred.fail(ready, new DataError(message.error))
    const deferred = open.get(message.id)
    open.delete(message.id)
    if (deferred === undefined) return Effect.void
    return message._tag === "Batch"
      ? Deferred.succeed(deferred, message.tensors)
      : Deferred.fail(deferred, new DataError(message.error))
  }
  const die = (reason: string) =>
    Effect.suspend(() => {
      stopped = reason
      const waiting = [...open.values()]
      open.clear()
      return Effect.andThen(
        Deferred.fail(ready, failed(file, null, `cannot be opened by a worker: ${reason}`)),
        Effect.forEach(waiting, (deferred) => Deferred.fail(deferred, failed(file, null, `the worker stopped: ${reason}`)))
      )
    })
  yield* Effect.forkScoped(
    Effect.catch(worker.run(receive), (error) => die(error.message)),
    { startImmediately: true }
  )
  return {
    size: yield* Deferred.await(ready),
    pending: () => (stopped === undefined ? open.size : Infinity),
    batch: (epoch, indices) =>
      Effect.suspend(() => {
        const row = indices[0] ?? null
        if (stopped !== undefined) return Effect.fail(failed(file, row, `the worker stopped: ${stopped}`))
        const deferred = Deferred.makeUnsafe<HostTensors, DataError>()
        const id = requests++
        open.set(id, deferred)
        return worker.send({ id, epoch, indices }).pipe(
          Effect.mapError((error) => failed(file, row, error.message)),
          Effect.andThen(Deferred.await(deferred)),
          Effect.ensuring(Effect.sync(() => open.delete(id)))
        )
      })
  }
})

const failed = (file: string, row: number | null, reason: string) => new DataError({ file, row, column: null, reason })
