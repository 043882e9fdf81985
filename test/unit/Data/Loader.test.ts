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
  it.effect("ends an epoch with a smaller batch, or drops it", () =>
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

  it.effect("reads only the rows of the batch it is asked for", () =>
    Effect.gen(function* () {
      const read: Array<number> = []
      const dataset = Dataset.make({ size: 100_000, at: (x) => ({ x: read.push(x) }) })
      const sampler = Sampler.random({ seed: 1 })
      const loader = yield* Loader.make({ dataset, batchSize: 4, sampler, collate })
      yield* loader.batch(3, 20_000)
      assert.deepEqual(read, [...Sampler.torchPermutation(100_000, 4).subarray(80_000, 80_004)])
    })
  )

  it.effect("refuses, before anything is read, what could never give a batch", () =>
    Effect.gen(function* () {
      const refusal = (options: Partial<Parameters<typeof Loader.make<{ x: number }>>[0]>) =>
        Effect.map(Effect.flip(Loader.make({ dataset: rows(5), batchSize: 2, collate, ...options })), ({ message }) => message)
      for (const batchSize of [0, -1, 1.5, Number.NaN, Infinity]) {
        assert.strictEqual(yield* refusal({ batchSize }), `The batch size is ${batchSize}: it must be 1, 2, 3, ... rows.`)
      }
      assert.strictEqual(yield* refusal({ dataset: rows(0) }), "The dataset is empty: there is nothing to read.")
      assert.strictEqual(
        yield* refusal({ batchSize: 6, dropLast: true }),
        "The dataset has 5 rows, fewer than one batch of 6, and dropLast leaves them out: lower the batch size or turn dropLast off."
      )
    })
  )

  it.effect("gives the dataset's index of a row that cannot be collated", () =>
    Effect.gen(function* () {
      const dataset = rows(6).pipe(Dataset.map(({ x }) => ({ x: x === 4 ? Number.NaN : x })))
      const loader = yield* Loader.make({ dataset, batchSize: 3, collate })
      const error = yield* Effect.flip(loader.batch(0, 1))
      assert.deepEqual([error.row, error.column], [4, "x"])
    })
  )
})

/** A stream of 5 rows that notes when it is opened and closed, and each row that is read. */
const noted = (notes: Array<string>) => (epoch: number) =>
  Stream.unwrap(
    Effect.as(
      Effect.acquireRelease(
        Effect.sync(() => notes.push(`open ${epoch}`)),
        () => Effect.sync(() => notes.push(`close ${epoch}`))
      ),
      Stream.range(0, 4).pipe(
        Stream.rechunk(1),
        Stream.map((x) => {
          notes.push(`${x}`)
          return { x: 10 * epoch + x }
        })
      )
    )
  )

describe("Loader.fromStream", () => {
  it.effect("reads forward, opens again for what is passed, and closes what it opened", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      const taken = () => notes.splice(0).join(" ")
      const scope = yield* Scope.make()
      const loader = yield* Scope.provide(Loader.fromStream({ batchSize: 2, collate, open: noted(notes) }), scope)
      assert.deepEqual([loader.batchesPerEpoch, loader.size], [Infinity, Infinity])
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.strictEqual(taken(), "open 0 0 1 2 3")
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.deepEqual(values(yield* loader.batch(0, 2)), [4])
      assert.isUndefined(yield* loader.batch(0, 3))
      assert.isUndefined(yield* loader.batch(0, 3))
      assert.deepEqual(values(yield* loader.batch(0, 2)), [4])
      assert.strictEqual(taken(), "4")
      assert.deepEqual(values(yield* loader.batch(0, 0)), [0, 1])
      assert.strictEqual(taken(), "close 0 open 0 0 1")
      assert.deepEqual(values(yield* loader.batch(1, 0)), [10, 11])
      assert.strictEqual(taken(), "close 0 open 1 0 1")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(taken(), "close 1")
    })
  )

  it.effect("drops the last rows when asked", () =>
    Effect.gen(function* () {
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open: noted([]), dropLast: true })
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.isUndefined(yield* loader.batch(0, 2))
    }).pipe(Effect.scoped)
  )

  it.effect("starts afresh after an interruption", () =>
    Effect.gen(function* () {
      const notes: Array<string> = []
      let slow = true
      const open = (epoch: number) =>
        noted(notes)(epoch).pipe(Stream.tap(({ x }) => (x === 3 && slow ? Effect.never : Effect.void)))
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open })
      const fiber = yield* Effect.forkChild(loader.batch(0, 1))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      slow = false
      assert.deepEqual(values(yield* loader.batch(0, 1)), [2, 3])
      assert.strictEqual(notes.join(" "), "open 0 0 1 2 3 close 0 open 0 0 1 2 3")
    }).pipe(Effect.scoped)
  )

  it.effect("names the row by its place in the stream, and refuses a bad batch size", () =>
    Effect.gen(function* () {
      const open = () => Stream.make({ x: 1 }, { x: 2 }, { x: Number.NaN })
      const loader = yield* Loader.fromStream({ batchSize: 2, collate, open })
      assert.strictEqual((yield* Effect.flip(loader.batch(0, 1))).row, 2)
      const error = yield* Effect.flip(Loader.fromStream({ batchSize: 0, collate, open }))
      assert.strictEqual(error._tag, "LoaderError")
    }).pipe(Effect.scoped)
  )
})
