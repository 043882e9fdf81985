/** A custom Layer: a logger that collects evaluations, instead of the default ones. `node examples/collect.ts` */
import assert from "node:assert/strict"
import { Effect, Layer } from "effect"
import { CheckpointStore, Device, Logger, Program } from "regimen"
import spirals from "./spirals.ts"

const accuracies: Array<number | undefined> = []
const collect = Layer.succeed(Logger.Logger, {
  log: (entry) =>
    Effect.sync(() => {
      if (entry._tag === "Scalars" && entry.kind === "eval") accuracies.push(entry.values.eval_accuracy)
    }),
  flush: Effect.void
})

const layers = Layer.mergeAll(Device.wasm, CheckpointStore.memory, collect)
await Effect.runPromise(Program.run(spirals).pipe(Effect.provide(layers)))
assert.ok(accuracies.at(-1)! > 0.9)
console.log(`${accuracies.length} evaluations; the last has accuracy ${accuracies.at(-1)}.`)
