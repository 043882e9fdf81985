/** A loader whose rows are read and collated by threads, while the main thread trains. */
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { Worker as Thread } from "node:worker_threads"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import { Deferred, Effect, type Scope } from "effect"
import * as Worker from "effect/workers/Worker"
import type { HostTensors } from "../../Tensor/HostTensor.ts"
import type { Collator } from "../Collator.ts"
import { DataError, type Dataset, fromRows } from "../Dataset.ts"
import { type Loader, LoaderError, make, type Options } from "../Loader.ts"
import type { Sampler } from "../Sampler.ts"
import { prefetch } from "./Prefetch.ts"
import { type Answer, type Question, type Start, thread } from "./Thread.ts"

/** What the module exports: where rows come from, and what makes batches of them. Each worker opens the dataset for itself. */
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
  /** The columns that the collator sees. Default: all. */
  readonly columns?: ReadonlyArray<string>
  /** Default: one fewer than the machine has cores, and at least one. */
  readonly workers?: number
  /** Batches made ahead. Default: two for each worker. */
  readonly ahead?: number
  /** Default `Sampler.sequential`. */
  readonly sampler?: Sampler
}

/**
 * Starts workers, and makes a loader whose batches they make ahead. A batch goes to the worker with the least to do; which one that is does
 * not show in it. They stop when the scope closes.
 *
 * **Law**: gives the batches of `Loader.make` with the same source, whatever the number of workers (test/property/Workers.test.ts).
 * **Errors**: as `Loader.make`; `LoaderError` for a number of workers that is no positive integer; `DataError` when the module cannot be
 * imported, has no such source, or a dataset cannot be opened; a worker that dies fails the batches that it had, with their first row.
 */
export const fromWorkers = Effect.fnUntraced(function* (
  options: WorkerOptions
): Effect.fn.Return<Loader, LoaderError | DataError, Scope.Scope> {
  const { module, source = "source", columns, workers = Math.max(1, availableParallelism() - 1), ...rest } = options
  const { ahead = 2 * workers } = options
  if (!(Number.isSafeInteger(workers) && workers > 0))
    return yield* new LoaderError({ option: "workers", reason: `There are ${workers} workers: say 1, 2, 3, ...` })
  const start: Start = { module: module.href, source, ...(columns === undefined ? {} : { columns }) }
  const crew = yield* Effect.forEach(Array.from({ length: workers }).keys(), (id) => hire(id, start), {
    concurrency: "unbounded"
  })
  // The rows of this dataset are their indices; the worker that collates them reads them too.
  const loader = yield* make<number>({
    ...rest,
    dataset: fromRows({ size: crew[0]!.size, rows: Effect.succeed }),
    collate: (indices, _, epoch = 0) =>
      Effect.suspend(() => crew.reduce((a, b) => (b.busy() < a.busy() ? b : a)).batch(epoch, indices))
  })
  return yield* prefetch(loader, ahead)
})

interface Hired {
  readonly size: number
  /** Batches that it has not answered. */
  readonly busy: () => number
  readonly batch: (epoch: number, indices: ReadonlyArray<number>) => Effect.Effect<HostTensors, DataError>
}

const hire = Effect.fnUntraced(function* (id: number, start: Start): Effect.fn.Return<Hired, DataError, Scope.Scope> {
  const file = start.module.startsWith("file:") ? fileURLToPath(start.module) : start.module
  const open = new Map<number, Deferred.Deferred<HostTensors, DataError>>()
  const ready = yield* Deferred.make<number, DataError>()
  let asked = 0
  let dead: string | undefined

  const platform = NodeWorker.layer(() => new Thread(new URL(thread), { workerData: { regimen: start }, stdout: false }))
  const worker = yield* Effect.provide(
    Effect.flatMap(Worker.WorkerPlatform, (platform) => platform.spawn<Answer, Question>(id)),
    platform
  ).pipe(Effect.mapError((error) => failed(file, null, error.message)))

  const answer = (message: Answer): Effect.Effect<unknown> => {
    if (message._tag === "Opened") return Deferred.succeed(ready, message.size)
    if (message._tag === "NotOpened") return Deferred.fail(ready, new DataError(message.error))
    const question = open.get(message.id)
    open.delete(message.id)
    if (question === undefined) return Effect.void
    return message._tag === "Made"
      ? Deferred.succeed(question, message.tensors)
      : Deferred.fail(question, new DataError(message.error))
  }
  const die = (reason: string) =>
    Effect.suspend(() => {
      dead = reason
      const waiting = [...open.values()]
      open.clear()
      return Effect.andThen(
        Deferred.fail(ready, failed(file, null, `cannot be opened by a worker: ${reason}`)),
        Effect.forEach(waiting, (question) => Deferred.fail(question, failed(file, null, `the worker stopped: ${reason}`)))
      )
    })
  yield* Effect.forkScoped(
    Effect.catch(worker.run(answer), (error) => die(error.message)),
    { startImmediately: true }
  )
  return {
    size: yield* Deferred.await(ready),
    busy: () => (dead === undefined ? open.size : Infinity),
    batch: (epoch, indices) =>
      Effect.suspend(() => {
        const row = indices[0] ?? null
        if (dead !== undefined) return Effect.fail(failed(file, row, `the worker stopped: ${dead}`))
        const question = Deferred.makeUnsafe<HostTensors, DataError>()
        const id = asked++
        open.set(id, question)
        return worker.send({ id, epoch, indices }).pipe(
          Effect.mapError((error) => failed(file, row, error.message)),
          Effect.andThen(Deferred.await(question)),
          Effect.ensuring(Effect.sync(() => open.delete(id)))
        )
      })
  }
})

const failed = (file: string, row: number | null, reason: string) => new DataError({ file, row, column: null, reason })
