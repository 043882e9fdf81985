import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Memory from "../../../src/Layer/Memory.ts"

const MiB = 2 ** 20

/** Touches so many bytes, without a turn of the event loop, and lets them go. */
const spike = (bytes: number) => {
  const until = process.hrtime.bigint() + 60_000_000n
  let block: Uint8Array | undefined = new Uint8Array(bytes).fill(1)
  while (process.hrtime.bigint() < until) block[0] = 1
  block = undefined
}

it.live("sees what synchronous work takes", () =>
  Effect.gen(function* () {
    const memory = yield* Memory.Memory
    const stop = yield* memory.watch
    spike(96 * MiB)
    const { begin, end, peak } = yield* stop
    expect(begin).toBeGreaterThan(10 * MiB)
    expect(peak - begin).toBeGreaterThan(64 * MiB)
    expect(peak).toBeGreaterThanOrEqual(end)
  }).pipe(Effect.provide(Memory.live))
)

it.live("forgets the peak of a watch before", () =>
  Effect.gen(function* () {
    const memory = yield* Memory.Memory
    const block = new Uint8Array(96 * MiB)
    const first = yield* memory.watch
    block.fill(1)
    yield* Effect.sleep(30)
    const before = yield* first
    const second = yield* memory.watch
    const after = yield* second
    expect(before.peak - before.begin).toBeGreaterThan(64 * MiB)
    expect(after.peak).toBe(Math.max(after.begin, after.end, after.peak))
    expect(after.peak - after.begin).toBeLessThan(32 * MiB)
    expect(block[0]).toBe(1)
  }).pipe(Effect.provide(Memory.live))
)

it.effect("gives a test what it says", () =>
  Effect.gen(function* () {
    const memory = yield* Memory.Memory
    const usages = [yield* yield* memory.watch, yield* yield* memory.watch, yield* yield* memory.watch]
    expect(usages.map(({ end }) => end)).toEqual([2, 4, 4])
  }).pipe(
    Effect.provide(
      Memory.test([
        { begin: 1, end: 2, peak: 3 },
        { begin: 1, end: 4, peak: 5 }
      ])
    )
  )
)
