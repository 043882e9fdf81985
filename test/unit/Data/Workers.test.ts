import { Effect, Fiber } from "effect"
import { describe, expect, test } from "vitest"
import * as Loader from "../../../src/Data/Loaders.ts"

const module = new URL("../../support/rows.ts", import.meta.url)
const threads = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker").length
const batch = (source: string, at: number, options: Partial<Loader.WorkerOptions> = {}) =>
  Effect.scoped(
    Effect.flatMap(Loader.fromWorkers({ module, source, batchSize: 5, workers: 1, ...options }), (loader) => loader.batch(0, at))
  )
const said = (source: string, at: number, options?: Partial<Loader.WorkerOptions>) =>
  Effect.runPromise(Effect.flip(batch(source, at, options))).then((error) => error.message)

describe("Loader.fromWorkers", () => {
  test("names the row that a worker could not read", async () => {
    expect(await said("faulty", 13)).toBe('rows.jsonl, row 6, column "x": is odd')
  })

  test("says why there are no batches", async () => {
    expect(await said("closed", 0)).toBe("none.jsonl: cannot be opened (ENOENT)")
    expect(await said("nothing", 0)).toMatch(/rows.ts: exports no source called "nothing"/)
    expect(await said("source", 0, { module: new URL("./nowhere.ts", import.meta.url) })).toMatch(
      /nowhere.ts: cannot be imported/
    )
    expect(await said("source", 0, { workers: 0 })).toMatch(/There are 0 workers/)
    expect(await said("source", 0, { batchSize: 0 })).toMatch(/batch size is 0/)
  })

  test("says when a collator has a bug, or ends the worker", async () => {
    expect(await said("defective", 1)).toMatch(/a bug/)
    expect(await said("deadly", 1)).toMatch(/the worker stopped: .*3/)
  })

  test("frees the workers when the scope closes, also when a batch is never made", async () => {
    const before = threads()
    await Effect.runPromise(batch("source", 2))
    const waiting = Effect.runFork(batch("stuck", 0))
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await Effect.runPromise(Fiber.interrupt(waiting))
    expect(threads()).toBe(before)
  })
})
