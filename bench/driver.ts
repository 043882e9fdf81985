/**
 * Measures the overhead of the driver per step, with a linear model of one weight. `node bench/driver.ts [steps]`
 * Prints microseconds a step: the step alone in a bare loop, and the same steps through `Trainer.train`, interleaved, least of the rounds.
 */
import { Effect, Layer } from "effect"
import { CheckpointStore, Device, Horizon, Logger, Model, Optimizer, Plan, Trainer, Trigger, tf } from "regimen"
import { Dataset, Loader } from "regimen/data"
import { HostTensor, Key, Loss } from "regimen/nn"
import { Step } from "regimen/optim"

const steps = Number(process.argv[2] ?? 3000)
const rounds = 5

const model = Model.make({
  inputs: ["x"],
  labels: ["y"],
  init: () => ({ w: HostTensor.zeros([1, 1]) }),
  forward: ({ w }, { x }) => ({ logits: tf.matMul(x, w!) }),
  loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
})
const optimizer = Optimizer.sgd()
const plan = Plan.make({
  horizon: Horizon.make({ maxSteps: steps, batchesPerEpoch: 100 }),
  learningRate: () => 0.01,
  log: Trigger.never,
  save: Trigger.never
})

const bare = Effect.gen(function* () {
  const device = yield* Device.Device
  const step = Step.make({ model, optimizer, maxGradNorm: 1 })
  let weights = { parameters: yield* device.put({ w: HostTensor.zeros([1, 1]) }), buffers: {}, slots: {} }
  const batch = { x: HostTensor.zeros([1, 1]), y: HostTensor.zeros([1, 1]) }
  const began = performance.now()
  for (let i = 0; i < steps; i++) {
    const next = tf.tidy(() => {
      const scalars = Object.fromEntries(
        Object.entries(optimizer.scalars({ step: i, learningRate: 0.01 })).map(([k, v]) => [k, tf.scalar(v)])
      )
      return { ...step({ weights, keys: [Key.make(i)], batches: [HostTensor.toDevice(batch)], scalars }).weights }
    })
    tf.dispose([weights.parameters, weights.slots])
    weights = next as typeof weights
  }
  tf.dispose([weights.parameters, weights.slots])
  return performance.now() - began
})

const driven = Effect.gen(function* () {
  const rows = Array.from({ length: 100 }, () => ({ x: [0], y: [0] }))
  const train = yield* Loader.make({ dataset: Dataset.fromArray(rows), batchSize: 1 })
  const task = Trainer.task({ model, train })
  const began = performance.now()
  yield* Trainer.train(task, plan)
  return performance.now() - began
}).pipe(Effect.provide(Layer.mergeAll(Optimizer.layer(optimizer), CheckpointStore.memory, Logger.none), { local: true }))

const program = Effect.gen(function* () {
  let [least, leastDriven] = [Infinity, Infinity]
  for (let round = 0; round < rounds; round++) {
    least = Math.min(least, yield* bare)
    leastDriven = Math.min(leastDriven, yield* driven)
  }
  const each = (ms: number) => ((ms * 1000) / steps).toFixed(1)
  console.log(
    `the step alone ${each(least)} us, through Trainer.train ${each(leastDriven)} us: ${each(leastDriven - least)} us a step for data, the driver and its bookkeeping`
  )
})
await Effect.runPromise(program.pipe(Effect.provide(Device.wasm)))
