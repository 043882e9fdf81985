import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Loader from "../../src/Data/Loaders.ts"
import * as Sampler from "../../src/Data/Sampler.ts"

const cases = { numRuns: 300 }
const setup = fc.record({
  size: fc.integer({ min: 1, max: 60 }),
  batchSize: fc.integer({ min: 1, max: 70 }),
  seed: fc.integer(),
  epoch: fc.nat(5)
})
const make = ({ size, batchSize, seed }: { size: number; batchSize: number; seed: number }) =>
  Loader.make({ dataset: Dataset.make({ size, at: (x) => ({ x }) }), batchSize, sampler: Sampler.random({ seed }) })

const rowsOf = (batch: Loader.Batch | undefined) => Array.from(batch?.tensors.x?.data ?? [])

/** All rows of an epoch, from a cursor on. */
const through = (loader: Loader.Loader, epoch: number, from = 0) =>
  Effect.gen(function* () {
    const rows: Array<number> = []
    for (let batch = from; ; batch++) {
      const next = yield* loader.batch(epoch, batch)
      if (next === undefined) return rows
      rows.push(...rowsOf(next))
    }
  })

describe("Loader", () => {
  test("the batches of an epoch, put together, are the sampler's order", () =>
    fc.assert(
      fc.property(setup, (options) => {
        const rows = Effect.runSync(Effect.flatMap(make(options), (loader) => through(loader, options.epoch)))
        expect(rows).toEqual([...Sampler.torchPermutation(options.size, options.seed + options.epoch)])
      }),
      cases
    ))

  test("a batch does not depend on what was read before it", () =>
    fc.assert(
      fc.property(setup, fc.array(fc.tuple(fc.nat(3), fc.nat(70)), { maxLength: 8 }), (options, cursors) => {
        const walking = Effect.runSync(make(options))
        for (const [epoch, batch] of cursors) {
          const fresh = Effect.runSync(Effect.flatMap(make(options), (loader) => loader.batch(epoch, batch)))
          expect(Effect.runSync(walking.batch(epoch, batch))).toEqual(fresh)
        }
      }),
      cases
    ))

  test("a run interrupted at any batch and resumed reads the rows of the uninterrupted one", () =>
    fc.assert(
      fc.property(setup, fc.nat(), (options, at) => {
        const whole = Effect.runSync(Effect.flatMap(make(options), (loader) => through(loader, options.epoch)))
        const cut = at % (Math.ceil(options.size / options.batchSize) + 1)
        const rest = Effect.runSync(Effect.flatMap(make(options), (loader) => through(loader, options.epoch, cut)))
        expect([...whole.slice(0, cut * options.batchSize), ...rest]).toEqual(whole)
      }),
      cases
    ))

  test("a stream of the same rows gives the same batches, wherever one asks", () =>
    fc.assert(
      fc.property(
        setup,
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.tuple(fc.nat(2), fc.nat(12)), { maxLength: 6 }),
        (options, dropLast, chunk, cursors) => {
          fc.pre(!dropLast || options.size >= options.batchSize)
          const dataset = Dataset.make({ size: options.size, at: (x) => ({ x }) })
          const open = () => Stream.rechunk(Stream.fromIterable(Array.from({ length: options.size }, (_, x) => ({ x }))), chunk)
          Effect.runSync(
            Effect.scoped(
              Effect.gen(function* () {
                const map = yield* Loader.make({ dataset, batchSize: options.batchSize, dropLast })
                const stream = yield* Loader.fromStream({ open, batchSize: options.batchSize, dropLast })
                for (const [epoch, batch] of cursors) {
                  const [found, wanted] = [yield* stream.batch(epoch, batch), yield* map.batch(epoch, batch)]
                  expect(found?.tensors).toEqual(wanted?.tensors)
                  expect(found?.rows).toBe(wanted?.rows)
                }
              })
            )
          )
        }
      ),
      cases
    ))

  test("prefetching gives the same batches, of datasets and of streams, wherever one asks", () =>
    fc.assert(
      fc.asyncProperty(setup, fc.nat(5), fc.array(fc.tuple(fc.nat(2), fc.nat(12)), { maxLength: 6 }), (options, ahead, cursors) =>
        Effect.runPromise(
          Effect.scoped(
            Effect.gen(function* () {
              const rows = Array.from({ length: options.size }, (_, x) => ({ x }))
              const open = (epoch: number) => Stream.fromIterable(rows.map(({ x }) => ({ x: x + epoch })))
              for (const loader of [yield* make(options), yield* Loader.fromStream({ open, batchSize: options.batchSize })]) {
                const reading = yield* Loader.prefetch(loader, ahead)
                for (const [epoch, batch] of cursors) {
                  expect(yield* reading.batch(epoch, batch)).toEqual(yield* loader.batch(epoch, batch))
                  expect(yield* reading.batch(epoch, batch)).toEqual(yield* loader.batch(epoch, batch))
                }
              }
            })
          )
        )
      ),
      cases
    ))
})
