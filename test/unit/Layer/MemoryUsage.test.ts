import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as MemoryUsage from "../../../src/Layer/MemoryUsage.ts"

const MiB = 2 ** 20

/** Takes so many bytes for a while, without a turn of the event loop, and gives them back. */
const spike = (bytes: number) => {
  const block = new ArrayBuffer(0, { maxByteLength: bytes })
  block.resize(bytes)
  new Uint8Array(block).fill(1)
  const until = process.hrtime.bigint() + 50_000_000n
  while (process.hrtime.bigint() < until);
  block.resize(0)
}

it.live("measures the peak of synchronous work, and starts again with the next measurement", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryUsage.Memory
    const stop = yield* memory.watch
    spike(96 * MiB)
    const usage = yield* stop
    expect(usage.begin).toBeGreaterThan(10 * MiB)
    expect(usage.peak - Math.max(usage.begin, usage.end)).toBeGreaterThan(64 * MiB)
    const next = yield* yield* memory.watch
    expect(next.peak - Math.max(next.begin, next.end)).toBeLessThan(32 * MiB)
  }).pipe(Effect.provide(MemoryUsage.live))
)

it.live("does not reset the peak of a measurement that is still in progress", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryUsage.Memory
    yield* Effect.sleep(20) // the thread is asleep
    const stop = yield* memory.watch
    spike(96 * MiB)
    yield* yield* memory.watch
    const usage = yield* stop
    expect(usage.peak - Math.max(usage.begin, usage.end)).toBeGreaterThan(64 * MiB)
  }).pipe(Effect.provide(MemoryUsage.live))
)

it.effect("returns the fixed usages of the test layer", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryUsage.Memory
    const usages = [yield* yield* memory.watch, yield* yield* memory.watch, yield* yield* memory.watch]
    expect(usages.map(({ end }) => end)).toEqual([2, 4, 4])
  }).pipe(
    Effect.provide(
      MemoryUsage.test([
        { begin: 1, end: 2, peak: 3 },
        { begin: 1, end: 4, peak: 5 }
      ])
    )
  )
)
