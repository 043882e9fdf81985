/**
 * Measures how much of a collator of 10 ms of CPU a batch the workers hide behind a step that waits for a device: the wall time that the loader
 * adds to the step. Unit: ms a step. Run it with `node bench/workers.ts [batches]`.
 */
import { Effect } from "effect"
import * as Dataset from "../src/Data/Dataset.ts"
import * as Loader from "../src/Data/Loaders.ts"

const burn = 10
const step = 15
const batches = Number(process.argv[2] ?? 200)

const spin = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** The module that the workers import. */
export const source = {
  dataset: Dataset.make({ size: batches + 20, at: (x) => ({ x }) }),
  collate: (rows) =>
    Effect.sync(() => {
      spin(burn)
      return { x: { dtype: "float32", shape: [rows.length], data: new Float32Array(rows.length) } }
    })
} satisfies Loader.Source<unknown>

const run = Effect.fnUntraced(function* (loader: Loader.Loader) {
  for (let batch = 0; batch < 20; batch++) yield* loader.batch(0, batch)
  const start = performance.now()
  for (let batch = 20; batch < 20 + batches; batch++) {
    yield* loader.batch(0, batch)
    yield* Effect.sleep(step)
  }
  return (performance.now() - start) / batches
})

if (import.meta.main) {
  const options = { batchSize: 1 }
  const loaders = {
    free: Loader.make({ ...options, dataset: source.dataset }),
    alone: Loader.make({ ...options, ...source }),
    "1 worker": Loader.fromWorkers({ ...options, module: new URL(import.meta.url), workers: 1 }),
    "2 workers": Loader.fromWorkers({ ...options, module: new URL(import.meta.url), workers: 2 })
  }
  const best: Record<string, number> = {}
  // They take turns, so that noise affects all alike; the minimum counts.
  for (let round = 0; round < 3; round++)
    for (const [name, loader] of Object.entries(loaders))
      best[name] = Math.min(best[name] ?? Infinity, await Effect.runPromise(Effect.scoped(Effect.flatMap(loader, run))))
  const { free, alone, ...crews } = best
  console.log(`without work on the data ${free!.toFixed(2)}, on the main thread ${alone!.toFixed(2)}`)
  for (const [name, time] of Object.entries(crews))
    console.log(`${name} ${time.toFixed(2)}: ${((100 * (alone! - time)) / (alone! - free!)).toFixed(0)} % of the work hidden`)
}
