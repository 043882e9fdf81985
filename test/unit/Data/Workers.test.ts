import { Effect, Fiber } from "effect"
import { describe, expect, test } from "vitest"
import * as Loader from "../../../src/Data/Loaders.ts"

const module = new URL("../../support/rows.ts", import.meta.url)
const threads = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker").length
const batch = (source: string, at: number, options: Partial<Loader.WorkerOptions> = {}) =>
  Effect.scoped(
    Effect.flatMap(Loader.fromWorkers({ module, source, batchSize: 5, workers: 1, ...options }), (loader) => loader.batch(0, at))
  )
const messageOf = (source: string, at: number, options?: Partial<Loader.WorkerOptions>) =>
  Effect.runPromise(Effect.flip(batch(source, at, options))).then((error) => error.message)

describe("Loader.fromWorkers", () => {
  test("names the row that a worker could not read", async () => {
    expect(await messageOf("faulty", 13)).toBe('rows.jsonl, row 6, column "x": is odd')
  })

  test("reports a dataset, module or option that is invalid", async () => {
    expect(await messageOf("closed", 0)).toBe("none.jsonl: cannot be opened (ENOENT)")
    expect(await messageOf("nothing", 0)).toMatch(/rows.ts: has no export called "nothing"/)
    expect(await messageOf("source", 0, { module: new URL("./nowhere.ts", import.meta.url) })).toMatch(
      /nowhere.ts: cannot be imported/
    )
    expect(await messageOf("source", 0, { workers: 0 })).toMatch(/number of workers is 0/)
    expect(await messageOf("source", 0, { batchSize: 0 })).toMatch(/batch size is 0/)
  })

  test("reports a collator that throws or exits the worker", async () => {
    expect(await messageOf("defective", 1)).toMatch(/a bug/)
    expect(await messageOf("deadly", 1)).toMatch(/the worker stopped: .*3/)
  })

  test("stops the workers when the scope closes, also while a batch is pending", async () => {
    const before = threads()
    await Effect.runPromise(batch("source", 2))
    const waiting = Effect.runFork(batch("stuck", 0))
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await Effect.runPromise(Fiber.interrupt(waiting))
    expect(threads()).toBe(before)
  })
})
