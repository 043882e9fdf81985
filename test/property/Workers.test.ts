import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Loader from "../../src/Data/Loaders.ts"
import * as Sampler from "../../src/Data/Sampler.ts"
import { source } from "../support/rows.ts"

const module = new URL("../support/rows.ts", import.meta.url)

describe("Loader.fromWorkers", () => {
  test("gives the batches of Loader.make, whatever the number of workers and wherever one asks", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const options = { batchSize: 7, sampler: Sampler.random({ seed: 5 }) }
          const plain = yield* Loader.make({ ...options, dataset: yield* source.dataset, collate: source.collate })
          const crews = yield* Effect.forEach([1, 2, 3], (workers) => Loader.fromWorkers({ ...options, module, workers }), {
            concurrency: "unbounded"
          })
          for (const crew of crews) expect([crew.size, crew.batchesPerEpoch]).toEqual([plain.size, plain.batchesPerEpoch])
          yield* Effect.promise(() =>
            fc.assert(
              fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(9)), { minLength: 1, maxLength: 4 }), (cursors) =>
                Effect.runPromise(
                  Effect.gen(function* () {
                    for (const [epoch, batch] of cursors) {
                      const wanted = yield* plain.batch(epoch, batch)
                      for (const crew of crews) expect(yield* crew.batch(epoch, batch)).toEqual(wanted)
                    }
                  })
                )
              ),
              { numRuns: 200 }
            )
          )
        })
      )
    ))
})
