/** The program of mnist.ts with other Layers, which a test can inspect. `node examples/layers.ts` */
import assert from "node:assert/strict"
import { Effect, Layer } from "effect"
import { CheckpointStore, Device, Logger, Program } from "regimen"
import mnist from "./mnist.ts"

const layers = Layer.mergeAll(Device.wasm, CheckpointStore.memory, Logger.memory)

const test = Effect.gen(function* () {
  const { state } = yield* Program.run(mnist, { maxSteps: 3, loggingSteps: 1, evalStrategy: "no", saveStrategy: "steps" })
  const entries = yield* Logger.Memory.use(({ entries }) => entries)
  const losses = entries.flatMap((entry) => (entry._tag === "Scalars" && entry.kind === "train" ? [entry.values.loss] : []))
  assert.equal(losses.length, 3)
  assert.deepEqual(state.checkpoints, [3])
  return `Three updates, logged in memory: ${losses.map((loss) => loss?.toFixed(3)).join(", ")}.`
})
console.log(await Effect.runPromise(Effect.provide(test, layers)))
