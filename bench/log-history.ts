/**
 * Measures the cost of the log: a linear model of one weight that logs every step, and saves at the end alone. `node bench/log-history.ts`
 * Prints microseconds a step of short and long runs, and microseconds an entry of writing the state's text the first time.
 */
import { Effect, Layer } from "effect"
import { CheckpointStore, Device, Horizon, Logger, Model, Optimizer, Plan, Trainer, Trigger, tf } from "regimen"
import { Dataset, Loader } from "regimen/data"
import { HostTensor, Loss } from "regimen/nn"
import * as CheckpointJson from "../src/Checkpoint/CheckpointJson.ts"
import * as TrainerStateJson from "../src/Checkpoint/TrainerStateJson.ts"

const model = Model.make({
  inputs: ["x"],
  labels: ["y"],
  init: () => ({ w: HostTensor.zeros([1, 1]) }),
  forward: ({ w }, { x }) => ({ logits: tf.matMul(x, w!) }),
  loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
})

const run = Effect.fnUntraced(function* (steps: number) {
  const train = yield* Loader.make({
    dataset: Dataset.fromArray(Array.from({ length: 100 }, () => ({ x: [0], y: [0] }))),
    batchSize: 1
  })
  const plan = Plan.make({
    horizon: Horizon.make({ maxSteps: steps, batchesPerEpoch: 100 }),
    learningRate: () => 0.01,
    log: Trigger.every(1),
    save: Trigger.never
  })
  const began = performance.now()
  const { history, state } = yield* Trainer.train(Trainer.task({ model, train }), plan)
  const trained = performance.now()
  CheckpointJson.encode({ state, history, meta: {}, buffers: [] })
  TrainerStateJson.trainerState({ state, history }, "run")
  return { step: (1000 * (trained - began)) / steps, entry: (1000 * (performance.now() - trained)) / history.length }
})

const layers = Layer.mergeAll(Device.cpu, Optimizer.layer(Optimizer.sgd()), CheckpointStore.memory, Logger.none)
for (const steps of [1_000, 1_000, 10_000, 100_000]) {
  const { entry, step } = await Effect.runPromise(Effect.provide(run(steps), layers, { local: true }))
  console.log(`${steps} logged steps: ${step.toFixed(0)} us a step, ${entry.toFixed(1)} us an entry to write`)
}
