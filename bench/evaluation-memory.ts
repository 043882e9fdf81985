/**
 * Measures the memory of evaluating a million rows against ten thousand: a streaming metric, on rows that are generated when they are read. `node bench/evaluation-memory.ts`
 * Each size is a process of its own; printed is the largest resident set, in MB.
 */
import { spawnSync } from "node:child_process"
import { Effect } from "effect"
import { Device, Model, Trainer } from "regimen"
import { Dataset, Loader } from "regimen/data"
import { Accuracy } from "regimen/metrics"
import { Dense, Key, Loss, Parameters } from "regimen/nn"

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ head: Dense.init({ inputs: 16, outputs: 4 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "head", x) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

const evaluate = Effect.fnUntraced(function* (size: number) {
  const device = yield* Device.Device
  const dataset = Dataset.make({
    size,
    at: (index) => ({ x: Array.from({ length: 16 }, (_, i) => Math.sin(index + i)), labels: index % 4 })
  })
  const loader = yield* Loader.make({ dataset, batchSize: 100 })
  const parameters = yield* device.put(model.init(Key.make(0)))
  let peak = 0
  const task = Trainer.taskConfig({ model, metrics: [Accuracy.make()] })
  const { metrics } = yield* Trainer.evaluate({
    ...task,
    weights: { parameters, buffers: {} },
    loader,
    set: "eval",
    progress: (done) => {
      if (done % 50 === 0) peak = Math.max(peak, process.memoryUsage.rss())
    }
  })
  return { peak: peak / 2 ** 20, ...metrics }
})

const asked = process.argv[2]
if (asked !== undefined) {
  const found = await Effect.runPromise(Effect.provide(evaluate(Number(asked)), Device.wasm))
  console.log(JSON.stringify(found))
} else {
  const peaks = [10_000, 1_000_000].map((size) => {
    const { stdout } = spawnSync(process.execPath, [import.meta.filename, String(size)], { encoding: "utf8" })
    const { peak }: { readonly peak: number } = JSON.parse(stdout.trim().split("\n").at(-1)!)
    console.log(`${size.toLocaleString("en")} rows: ${peak.toFixed(0)} MB at the most`)
    return peak
  })
  console.log(`${(100 * (peaks[1]! / peaks[0]! - 1)).toFixed(1)} % more`)
}
