import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Sampler from "../../src/Data/Samplers.ts"

const cases = { numRuns: 300 }
const lengths = fc.array(fc.nat(30), { maxLength: 120 })
const size = fc.integer({ min: 1, max: 9 })
const sorted = (order: Iterable<number>) => [...order].sort((a, b) => a - b)
const all = (n: number) => [...Sampler.sequential(n, 0)]

describe("Sampler", () => {
  test("an order is a permutation", () =>
    fc.assert(
      fc.property(fc.nat(200), fc.integer(), (size, seed) => {
        expect(sorted(Sampler.torchPermutation(size, seed))).toEqual(all(size))
      }),
      cases
    ))

  test("by length: a permutation whose batches hold like lengths, the longest first, the same when asked again", () =>
    fc.assert(
      fc.property(lengths, size, size, fc.integer(), fc.nat(9), (lengths, batchSize, batches, seed, epoch) => {
        const run = batches * batchSize
        for (const sampler of [Sampler.lengthGrouped, Sampler.sortish]) {
          const order = sampler({ lengths, batchSize, batches, seed })(lengths.length, epoch)
          expect(sorted(order)).toEqual(all(lengths.length))
          expect(sampler({ lengths, batchSize, batches, seed })(lengths.length, epoch)).toEqual(order)
          const of = [...order].map((row) => lengths[row]!)
          if (lengths.length >= batchSize) expect(of[0]).toBe(fullestOf(of, batchSize, sampler === Sampler.sortish))
          if (sampler === Sampler.sortish) {
            for (let at = 0; at < of.length; at += batchSize)
              expect(of.slice(at, at + batchSize)).toEqual(descending(of.slice(at, at + batchSize)))
          } else {
            for (let at = run; at + run <= of.length; at += run)
              expect(of.slice(at + 1, at + run)).toEqual(descending(of.slice(at + 1, at + run)))
          }
        }
      }),
      cases
    ))

  test("weighted: no row of weight 0, none twice without replacement", () =>
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }), fc.integer(), fc.nat(9), (weights, seed, epoch) => {
        const possible = weights.filter((weight) => weight > 0).length
        fc.pre(possible > 0)
        const again = Sampler.weighted({ weights, seed })(weights.length, epoch)
        expect(again.length).toBe(weights.length)
        expect([...again].every((row) => weights[row]! > 0)).toBe(true)
        const once = Sampler.weighted({ weights, seed, draws: possible, replacement: false })(weights.length, epoch)
        expect(sorted(once)).toEqual(all(weights.length).filter((row) => weights[row]! > 0))
      }),
      cases
    ))

  test("distributed: the parts, dealt back, are the order, padded or dropped", () =>
    fc.assert(
      fc.property(fc.nat(60), size, fc.integer(), fc.nat(9), (rows, size, seed, epoch) => {
        const whole = Sampler.random({ seed })
        const order = [...whole(rows, epoch)]
        for (const uneven of ["pad", "drop"] as const) {
          const parts = all(size).map((rank) => [...Sampler.distributed(whole, { rank, size, uneven })(rows, epoch)])
          expect(new Set(parts.map((part) => part.length)).size).toBe(1)
          const dealt = parts[0]!.flatMap((_, i) => parts.map((part) => part[i]!))
          if (uneven === "drop") expect(dealt).toEqual(order.slice(0, rows - (rows % size)))
          else {
            expect(dealt.slice(0, rows)).toEqual(order)
            expect(dealt.length - rows).toBeLessThan(size)
          }
        }
      }),
      cases
    ))

  test("blocks: a permutation, in which the rows of a window come together", () =>
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 12 }), size, fc.integer(), fc.nat(9), (blocks, window, seed, epoch) => {
        const total = blocks.reduce((a, b) => a + b, 0)
        const order = Sampler.blocks({ blocks, seed, window })(total, epoch)
        expect(sorted(order)).toEqual(all(total))
        const blockOf = blocks.flatMap((rows, block) => Array.from({ length: rows }, () => block))
        // A row of a block that was read before is at most a window's rows away from its first.
        const widest = descending(blocks)
          .slice(0, window)
          .reduce((a, b) => a + b, 0)
        const first = new Map<number, number>()
        for (const [at, row] of order.entries()) {
          const block = blockOf[row]!
          if (!first.has(block)) first.set(block, at)
          expect(at - first.get(block)!).toBeLessThan(widest)
        }
      }),
      cases
    ))
})

const descending = (values: ReadonlyArray<number>) => [...values].sort((a, b) => b - a)

/** The longest row of all, or of the full batches where the last may lie outside of them. */
const fullestOf = (lengths: ReadonlyArray<number>, batchSize: number, fullOnly: boolean) =>
  Math.max(...(fullOnly ? lengths.slice(0, lengths.length - (lengths.length % batchSize)) : lengths))
