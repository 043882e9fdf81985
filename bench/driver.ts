/**
 * Measures what the driver adds to a step, with a linear model of one weight: `node bench/driver.ts [steps] [rounds]`.
 * Each round runs the step in a bare loop, then the same steps through `Trainer.train`: without triggers, observers and callbacks, then with each of them on every
 * step. Prints the least and the quartiles of the rounds' differences from the bare loop. **Unit**: microseconds a step of this thread's CPU time, which
 * other processes change less than wall time. The first tenth of each run, with the run's start, is not counted.
 */
import { Effect, Layer } from "effect"
import { Callback, CheckpointStore, Device, Horizon, Logger, Model, Observer, Optimizer, Plan, Trainer, Trigger, tf } from "regimen"
import { Dataset, Loader } from "regimen/data"
import { HostTensor, Key, Loss } from "regimen/nn"
import { Step } from "regimen/optim"

const steps = Number(process.argv[2] ?? 2000)
const rounds = Number(process.argv[3] ?? 9)

const used = () => {
  const { system, user } = process.threadCpuUsage()
  return user + system
}

/** A model whose passes take the time. */
const timed = () => {
  let [calls, began, ended] = [0, 0, 0]
  const model = Model.make({
    inputs: ["x"],
    labels: ["y"],
    init: () => ({ w: HostTensor.zeros([1, 1]) }),
    forward: ({ w }, { x }) => {
      calls++
      if (calls === steps / 10) began = used()
      if (calls === steps) ended = used()
      return { logits: tf.matMul(x, w!) }
    },
    loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
  })
  return { model, each: () => (ended - began) / (steps - steps / 10) }
}

const optimizer = Optimizer.sgd()
const rows = Array.from({ length: 100 }, () => ({ x: [0], y: [0] }))

const bare = Effect.gen(function* () {
  const device = yield* Device.Device
  const { each, model } = timed()
  const step = Step.make({ model, optimizer, maxGradNorm: 1 })
  let weights = { parameters: yield* device.put({ w: HostTensor.zeros([1, 1]) }), buffers: {}, slots: {} }
  let sum = yield* device.put({ loss: HostTensor.scalar(0) })
  const batch = { x: HostTensor.zeros([1, 1]), y: HostTensor.zeros([1, 1]) }
  for (let i = 0; i < steps; i++) {
    const next = yield* device.run("a step", () => {
      const scalars = Object.fromEntries(
        Object.entries(optimizer.scalars({ step: i, learningRate: 0.01 })).map(([k, v]) => [k, tf.scalar(v)])
      )
      const output = step({ weights, keys: [Key.make(i)], batches: [HostTensor.toDevice(batch)], scalars })
      return { weights: output.weights, sum: { loss: tf.add(sum.loss!, output.loss) }, gradNorm: output.gradNorm }
    })
    tf.dispose([weights.parameters, sum, next.gradNorm])
    weights = next.weights as typeof weights
    sum = next.sum
  }
  tf.dispose([weights.parameters, sum])
  return each()
})

const driven = (options: Trainer.Options & Partial<Pick<Plan.Plan, "log">>) =>
  Effect.gen(function* () {
    const { each, model } = timed()
    const train = yield* Loader.make({ dataset: Dataset.fromArray(rows), batchSize: 1 })
    const { log = Trigger.never, ...others } = options
    const plan = Plan.make({
      horizon: Horizon.make({ maxSteps: steps, batchesPerEpoch: rows.length }),
      learningRate: () => 0.01,
      log,
      save: Trigger.never
    })
    yield* Trainer.train(Trainer.task({ model, train }), plan, others)
    return each()
  }).pipe(Effect.provide(Layer.mergeAll(Optimizer.layer(optimizer), CheckpointStore.memory, Logger.none), { local: true }))

const variants: Readonly<Record<string, Trainer.Options & Partial<Pick<Plan.Plan, "log">>>> = {
  "nothing asked": {},
  "an observer": { observe: Observer.make({ StepEnded: () => Effect.succeed([]) }) },
  "a callback": { callbacks: [Callback.make({ name: "none", onStepEnd: () => Effect.succeed({}) })] },
  "a log": { log: () => true }
}

const program = Effect.gen(function* () {
  const alone: Array<number> = []
  const added = Object.keys(variants).map(() => [] as Array<number>)
  for (let round = 0; round < rounds; round++) {
    const least = yield* bare
    alone.push(least)
    for (const [i, options] of Object.values(variants).entries()) added[i]!.push((yield* driven(options)) - least)
  }
  const row = (name: string, values: ReadonlyArray<number>) => {
    const sorted = values.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(0).padStart(6)
    console.log(`${name.padEnd(16)}${at(0)}${at(0.25)}${at(0.5)}${at(0.75)}`)
  }
  console.log(`${"us a step".padEnd(16)} least   25%   50%   75%`)
  row("the step alone", alone)
  for (const [i, name] of Object.keys(variants).entries()) row(`+ ${name}`, added[i]!)
})
await Effect.runPromise(program.pipe(Effect.provide(Device.wasm)))
