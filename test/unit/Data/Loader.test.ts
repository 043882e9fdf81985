import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import * as Collator from "../../../src/Data/Collator.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Loader from "../../../src/Data/Loaders.ts"
import * as Sampler from "../../../src/Data/Sampler.ts"

const collate = Collator.stack()
const rows = (size: number) => Dataset.make({ size, at: (x) => ({ x }) })
const values = (batch: Loader.Batch | undefined) => batch && Array.from(batch.tensors.x?.data ?? [])

describe("Loader.make", () => {
  it.effect("returns an incomplete last batch, or drops it with dropLast", () =>
    Effect.gen(function* () {
      const loader = yield* Loader.make({ dataset: rows(5), batchSize: 2, collate })
      assert.deepEqual([loader.batchesPerEpoch, loader.size], [3, 5])
      assert.deepEqual(yield* loader.batch(0, 2), {
        tensors: { x: { dtype: "float32", shape: [1], data: Float32Array.of(4) } },
        rows: 1,
        indices: [4]
      })
      assert.isUndefined(yield* loader.batch(0, 3))
      const dropping = yield* Loader.make({ dataset: rows(5), batchSize: 2, collate, dropLast: true })
      assert.deepEqual([dropping.batchesPerEpoch, dropping.size], [2, 4])
      assert.isUndefined(yield* dropping.batch(0, 2))
    })
  )

  it.effect("reads only the rows of the requested batch", () =>
    Effect.gen(function* () {
      const read: Array<number> = []
      const dataset = Dataset.make({ size: 100_000, at: (x) => ({ x: read.push(x) }) })
      const sampler = Sampler.random({ seed: 1 })
      const loader = yield* Loader.make({ dataset, batchSize: 4, sampler, collate })
      yield* loader.batch(3, 20_000)
      assert.deepEqual(read, [...Sampler.torchPermutation(100_000, 4).subarray(80_000, 80_004)])
    })
  )

  it.effect("refuses an invalid batch size, an empty dataset, and one below a batch with dropLast", () =>
    Effect.gen(function* () {
      const errorMessage = (options: Partial<Parameters<typeof Loader.make<{ x: number }>>[0]>) =>
        Effect.map(Effect.flip(Loader.make({ dataset: rows(5), batchSize: 2, collate, ...options })), ({ message }) => message)
      for (const batchSize of [0, -1, 1.5, Number.NaN, Infinity]) {
        assert.strictEqual(yield* errorMessage({ batchSize }), `The batch size is ${batchSize}: it must be a positive integer.`)
      }
      assert.strictEqual(yield* errorMessage({ dataset: rows(0) }), "The dataset is empty: it must have at least one row.")
      assert.strictEqual(
        yield* errorMessage({ batchSize: 6, dropLast: true }),
        "The dataset has 5 rows, fewer than one batch of 6, and dropLast drops them: reduce the batch size or set dropLast to false."
      )
    })
  )

  it.effect("reports the dataset index of a row that cannot be collated", () =>
    Effect.gen(function* () {
      const dataset = rows(6).pipe(Dataset.map(({ x }) => ({ x: x === 4 ? Number.NaN : x })))
      const loader = yield* Loader.make({ dataset, batchSize: 3, collate })
      const error = yield* Effect.flip(loader.batch(0, 1))
      assert.deepEqual([error.row, error.column], [4, "x"])
    })
  )
})

/** A stream of 5 rows that logs when it is opened and closed, and each row that is read. */
const logged = (log: Array<string>) => (epoch: number) =>
  Stream.unwrap(
    Effect.as(
      Effect.acquireRelease(
        Effect.sync(() => log.push(`open ${epoch}`)),
        () => Effect.sync(() => log.push(`close ${epoch}`))
      ),
      Stream.range(0, 4).pipe(
        Stream.rechunk(1),
        Stream.map((x) => {
          log.push(`${x}`)
          return { x: 10 * epoch + x }
        })
      )
    )
  )

describe("Loader.fromStream", () => {
  it.effect("reads forward, reopens for an earlier batch, and closes the stream with the scope", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const takeLog = () => log.splice(0).join(" ")
      const scope = yield* Scope.make()
      const loader = yield* Scope.provide(Loader.fromStream({ batchSize: 2, collate, open: logged(log) }), scope)
      assert.deepEqual([loader.batchesPerEpoch, loader.size], [Infinity, Infinity])
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.strictEqual(takeLog(), "open 0 0 1 2 3")
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.deepEqual(values(yield* loader.batch(0, 2)), [4])
      assert.isUndefined(yield* loader.batch(0, 3))
      assert.isUndefined(yield* loader.batch(0, 3))
      assert.deepEqual(values(yield* loader.batch(0, 2)), [4])
      assert.strictEqual(takeLog(), "4")
      assert.deepEqual(values(yield* loader.batch(0, 0)), [0, 1])
      assert.strictEqual(takeLog(), "close 0 open 0 0 1")
      assert.deepEqual(values(yield* loader.batch(1, 0)), [10, 11])
      assert.strictEqual(takeLog(), "close 0 open 1 0 1")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(takeLog(), "close 1")
    })
  )

  it.effect("drops an incomplete last batch with dropLast", () =>
    Effect.gen(function* () {
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open: logged([]), dropLast: true })
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.isUndefined(yield* loader.batch(0, 2))
    }).pipe(Effect.scoped)
  )

  it.effect("reopens the stream after an interruption", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      let slow = true
      const open = (epoch: number) =>
        logged(log)(epoch).pipe(Stream.tap(({ x }) => (x === 3 && slow ? Effect.never : Effect.void)))
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open })
      const fiber = yield* Effect.forkChild(loader.batch(0, 1))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      slow = false
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.strictEqual(log.join(" "), "open 0 0 1 2 3 close 0 open 0 0 1 2 3")
    }).pipe(Effect.scoped)
  )

  it.effect("reads the rows of a failed read again", () =>
    Effect.gen(function* () {
      let fails = true
      const lost = new Dataset.DataError({ row: null, column: null, reason: "the connection was lost" })
      const open = () =>
        Stream.fromIterable([0, 1, 2, 3, 4]).pipe(
          Stream.mapEffect((x) => (x === 3 && fails ? Effect.fail(lost) : Effect.succeed({ x }))),
          Stream.rechunk(1)
        )
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open })
      assert.deepEqual(values(yield* loader.batch(0, 0)), [0, 1])
      assert.strictEqual(yield* Effect.flip(loader.batch(0, 1)), lost)
      fails = false
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.deepEqual(values(yield* loader.batch(0, 2)), [4])
    }).pipe(Effect.scoped)
  )

  it.effect("names the row by its position in the stream, and refuses an invalid batch size", () =>
    Effect.gen(function* () {
      const open = () => Stream.make({ x: 1 }, { x: 2 }, { x: Number.NaN })
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open })
      assert.strictEqual((yield* Effect.flip(loader.batch(0, 1))).row, 2)
      const error = yield* Effect.flip(Loader.fromStream({ batchSize: 0, collate, open }))
      assert.strictEqual(error._tag, "LoaderError")
    }).pipe(Effect.scoped)
  )
})
