/**
 * Measures what the driver adds to a step, with a linear model of one weight: `node bench/driver.ts [steps] [rounds]`.
 * The time of a step is that inside `Device.run` (the batch to the device, forward and backward passes, the optimizer); all else is the driver's: data, the loop,
 * Effect, freeing tensors. Prints quartiles of the rounds. Runs without triggers, observers and callbacks, then with each of them on every step, interleaved.
 * **Unit**: microseconds a step of this thread's CPU time, which other processes change less than wall time. The first half of each run is not counted.
 */
import { Effect, Layer } from "effect"
import {
  Callback,
  CheckpointStore,
  Device,
  Horizon,
  Logger,
  Model,
  Observer,
  Optimizer,
  Plan,
  Trainer,
  Trigger,
  tf
} from "regimen"
import { Dataset, Loader } from "regimen/data"
import { HostTensor, Loss } from "regimen/nn"

const steps = Number(process.argv[2] ?? 2000)
const rounds = Number(process.argv[3] ?? 9)
const half = Math.floor(steps / 2)

const used = () => {
  const { system, user } = process.threadCpuUsage()
  return user + system
}

let [began, ended, inDevice] = [0, 0, 0]

/** The device with the time inside `run` added up. */
const timed = Effect.map(Device.Device, (device) => ({
  ...device,
  run: (during, f) =>
    device.run(during, () => {
      const at = used()
      if (during === `step ${half}`) [began, inDevice] = [at, 0]
      const result = f()
      ended = used()
      inDevice += ended - at
      return result
    })
})) satisfies Effect.Effect<Device.Device["Service"], never, Device.Device>

const model = Model.make({
  inputs: ["x"],
  labels: ["y"],
  init: () => ({ w: HostTensor.zeros([1, 1]) }),
  forward: ({ w }, { x }) => ({ logits: tf.matMul(x, w!) }),
  loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
})
const rows = Array.from({ length: 100 }, () => ({ x: [0], y: [0] }))

type Variant = Trainer.Options & Partial<Pick<Plan.Plan, "log">>
const measure = Effect.fnUntraced(function* ({ log = Trigger.never, ...options }: Variant) {
  const train = yield* Loader.make({ dataset: Dataset.fromArray(rows), batchSize: 1 })
  const plan = Plan.make({
    horizon: Horizon.make({ maxSteps: steps, batchesPerEpoch: rows.length }),
    learningRate: () => 0.01,
    log,
    save: Trigger.never
  })
  const services = Layer.mergeAll(Optimizer.layer(Optimizer.sgd()), CheckpointStore.memory, Logger.none)
  yield* Trainer.train(Trainer.task({ model, train }), plan, options).pipe(
    Effect.provideServiceEffect(Device.Device, timed),
    Effect.provide(services, { local: true })
  )
  return { inDevice: inDevice / (steps - half), others: (ended - began - inDevice) / (steps - half) }
})

const variants: Readonly<Record<string, Variant>> = {
  "nothing asked": {},
  "an observer": { observe: Observer.make({ StepEnded: () => Effect.succeed([]) }) },
  "a callback": { callbacks: [Callback.make({ name: "none", onStepEnd: () => Effect.succeed({}) })] },
  "a log": { log: () => true }
}

const program = Effect.gen(function* () {
  const measured = Object.values(variants).map(() => [] as Array<{ readonly inDevice: number; readonly others: number }>)
  for (let round = 0; round < rounds; round++)
    for (const [i, options] of Object.values(variants).entries()) measured[i]!.push(yield* measure(options))
  const row = (name: string, values: ReadonlyArray<number>) => {
    const sorted = values.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(0).padStart(6)
    console.log(`${name.padEnd(28)}${at(0)}${at(0.25)}${at(0.5)}${at(0.75)}`)
  }
  console.log(`${"us a step".padEnd(28)} least   25%   50%   75%`)
  for (const [i, name] of Object.keys(variants).entries()) {
    row(
      `${name}: on the device`,
      measured[i]!.map(({ inDevice }) => inDevice)
    )
    row(
      `${name}: the driver`,
      measured[i]!.map(({ others }) => others)
    )
  }
})
await Effect.runPromise(program.pipe(Effect.provide(Device.wasm)))
