import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Loader from "../../src/Data/Loaders.ts"
import * as Sampler from "../../src/Data/Sampler.ts"
import * as Streaming from "../../src/Data/Streaming.ts"

const cases = { numRuns: 250 }
const size = fc.nat(80)
const collect = <A>(streaming: Streaming.Streaming<A>, epoch: number) => Effect.runSync(Stream.runCollect(streaming(epoch)))

describe("Streaming", () => {
  test("streams a dataset in the sampler's order", () =>
    fc.assert(
      fc.property(size, fc.integer(), fc.nat(5), fc.integer({ min: 1, max: 20 }), (size, seed, epoch, chunk) => {
        const sampler = Sampler.random({ seed })
        const rows = collect(Streaming.fromDataset(Dataset.make({ size, at: (i) => i }), { sampler, chunk }), epoch)
        expect(rows).toEqual([...sampler(size, epoch)])
      }),
      cases
    ))

  test("shuffling keeps the rows, moves none forward by more than the buffer, and is a function of (seed, epoch)", () =>
    fc.assert(
      fc.property(
        size,
        fc.integer(),
        fc.nat(5),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (size, seed, epoch, buffer, chunk) => {
          const source: Streaming.Streaming<number> = () =>
            Stream.rechunk(Stream.fromIterable(Array.from({ length: size }, (_, i) => i)), chunk)
          const rows = collect(Streaming.shuffle(source, { buffer, seed }), epoch)
          expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i))
          for (const [at, row] of rows.entries()) expect(row - at).toBeLessThanOrEqual(buffer)
          if (buffer === 1) expect(rows).toEqual([...rows].sort((a, b) => a - b))
          const again: Streaming.Streaming<number> = () => Stream.rechunk(source(0), 7)
          expect(collect(Streaming.shuffle({ buffer, seed })(again), epoch)).toEqual(rows)
        }
      ),
      cases
    ))

  test("seeking in a shuffled stream equals reading through it", () =>
    fc.assert(
      fc.property(
        size,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.tuple(fc.nat(2), fc.nat(15))),
        (size, buffer, batchSize, cursors) => {
          const source = Streaming.fromDataset(Dataset.make({ size, at: (x) => ({ x }) }), { chunk: 5 })
          const open = Streaming.shuffle(source, { buffer, seed: 1 })
          Effect.runSync(
            Effect.scoped(
              Effect.gen(function* () {
                const loader = yield* Loader.fromStream({ open, batchSize })
                for (const [epoch, batch] of cursors) {
                  const rows = collect(open, epoch).slice(batch * batchSize, (batch + 1) * batchSize)
                  expect([...((yield* loader.batch(epoch, batch))?.tensors.x?.data ?? [])]).toEqual(rows.map(({ x }) => x))
                }
              })
            )
          )
        }
      ),
      cases
    ))

  test("epochs and seeds differ, and a large buffer mixes well", () => {
    const source: Streaming.Streaming<number> = () => Stream.range(0, 999)
    const of = (seed: number, epoch: number) => collect(Streaming.shuffle(source, { buffer: 500, seed }), epoch)
    expect(of(0, 0)).not.toEqual(of(0, 1))
    expect(of(0, 0)).not.toEqual(of(1, 0))
    const kept = of(0, 0).filter((row, i) => row === i).length
    expect(kept).toBeLessThan(10)
  })
})
