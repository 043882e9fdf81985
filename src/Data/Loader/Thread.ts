/** The worker thread of `Loader.fromWorkers`: imports the module, opens its dataset, and responds with batches. */
import { isMainThread, workerData } from "node:worker_threads"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { Effect, Predicate, Scope } from "effect"
import * as WorkerRunner from "effect/workers/WorkerRunner"
import { messageOf } from "../../ErrorMessage.ts"
import type { HostTensor, HostTensors } from "../../Tensor/HostTensor.ts"
import { type Collator, stack } from "../Collator.ts"
import { DataError, type Dataset } from "../Dataset.ts"
import { only } from "../UnusedColumns.ts"

/** The start data of a worker. */
export interface Start {
  readonly module: string
  readonly source: string
  /** The columns passed to the collator; defaults to all. */
  readonly columns?: ReadonlyArray<string>
}

/** A request for a batch. */
export interface Request {
  readonly id: number
  readonly epoch: number
  readonly indices: ReadonlyArray<number>
}

/** A `DataError` in the form that is sent between threads. */
type PlainError = Pick<DataError, "row" | "column" | "reason"> & { readonly file?: string }

/** The response of a worker. */
export type Response =
  | { readonly _tag: "Opened"; readonly size: number }
  | { readonly _tag: "NotOpened"; readonly error: PlainError }
  | { readonly _tag: "Batch"; readonly id: number; readonly tensors: HostTensors }
  | { readonly _tag: "Failed"; readonly id: number; readonly error: PlainError }

/** The URL of this module, which a worker thread runs. */
export const thread: string = import.meta.url

const serve = Effect.fnUntraced(function* (start: Start) {
  const runner = yield* Effect.flatMap(WorkerRunner.WorkerRunnerPlatform, (platform) => platform.start<Response, Request>())
  const scope = yield* Effect.scope
  const opened = yield* Effect.cached(Scope.provide(open(start), scope))
  const respond = Effect.fnUntraced(function* ({ id, epoch, indices }: Request) {
    const { collate, dataset } = yield* opened
    const tensors = copied(yield* collate(yield* dataset.rows(indices), indices, epoch))
    yield* runner.send(
      0,
      { _tag: "Batch", id, tensors },
      Object.values(tensors).map(({ data }) => data.buffer)
    )
  })
  yield* Effect.forkScoped(
    Effect.matchEffect(opened, {
      onSuccess: ({ dataset }) => runner.send(0, { _tag: "Opened", size: dataset.size }),
      onFailure: (error) => runner.send(0, { _tag: "NotOpened", error: plain(error) })
    })
  )
  yield* runner.run((port, request) =>
    Effect.catch(
      Effect.catchDefect(respond(request), (defect) => Effect.fail(failed(start, String(defect)))),
      (error) => runner.send(port, { _tag: "Failed", id: request.id, error: plain(error) })
    )
  )
})

interface Opened {
  readonly dataset: Dataset<unknown>
  readonly collate: Collator<unknown>
}

const open = Effect.fnUntraced(function* (start: Start): Effect.fn.Return<Opened, DataError, Scope.Scope> {
  const module: unknown = yield* Effect.tryPromise({
    try: () => import(start.module),
    catch: (cause) => failed(start, `cannot be imported: ${messageOf(cause)}`)
  })
  const source = Predicate.hasProperty(module, start.source) ? module[start.source] : undefined
  if (!isSource(source))
    return yield* failed(start, `has no export called "${start.source}": export an object { dataset, collate } with that name`)
  const dataset = Effect.isEffect(source.dataset) ? yield* source.dataset : source.dataset
  const collate = source.collate ?? stack()
  return { dataset, collate: start.columns === undefined ? collate : only(collate, new Set(start.columns)) }
})

const isSource = (
  value: unknown
): value is {
  readonly dataset: Dataset<unknown> | Effect.Effect<Dataset<unknown>, DataError, Scope.Scope>
  readonly collate?: Collator<unknown>
} => Predicate.hasProperty(value, "dataset") && Predicate.isObject(value.dataset)

/** Copies the tensors, so that their buffers can be transferred: the collator may reuse its arrays. */
const copied = (tensors: HostTensors): HostTensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() } satisfies HostTensor])
  )

const plain = ({ row, column, reason, file }: DataError): PlainError => ({
  row,
  column,
  reason,
  ...(file !== undefined && { file })
})

const failed = (start: Start, reason: string) => new DataError({ file: start.module, row: null, column: null, reason })

const isStart = (data: unknown): data is { readonly regimen: Start } => Predicate.hasProperty(data, "regimen")

if (!isMainThread && isStart(workerData))
  Effect.runFork(Effect.scoped(serve(workerData.regimen)).pipe(Effect.provide(NodeWorkerRunner.layer)))
