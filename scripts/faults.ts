/**
 * Interrupts runs at random times while loggers, stores, observers and data are slow, fail, hang or throw, resumes them, and compares the end with that of the
 * undisturbed run: weights, state and canonical log are equal to the bit, every attempt ends within its limit, and no tensor or timer is left.
 * `bin/dev faults [--interruptions 500] [--seed 1] [--case JSON]`; outside CI (minutes).
 */
import { parseArgs } from "node:util"
import { Duration, Effect, Logger as EffectLogger, Equal, Exit, Fiber, Layer, Schema } from "effect"
import fc from "fast-check"
import * as Trainer from "../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../src/Layer/Device/Cpu.ts"
import { tf } from "../src/Tensor/Tensor.ts"
import { TrainerState } from "../src/TrainerState.ts"
import * as Faults from "../test/support/faults.ts"
import { planOf, shapes } from "../test/support/plans.ts"
import * as Tiny from "../test/support/tiny.ts"

const { values } = parseArgs({
  options: { interruptions: { type: "string", default: "500" }, seed: { type: "string", default: "1" }, case: { type: "string" } }
})
const wanted = Number(values.interruptions)
const grace = 150
const limit = 2500 // an attempt ends so soon after it is interrupted. Unit: ms

const encode = Schema.encodeSync(TrainerState)
const quiet = EffectLogger.layer([])
const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

const attempts = fc.array(
  fc.record({ faults: fc.array(Faults.fault, { minLength: 1, maxLength: 3 }), after: fc.integer({ min: 0, max: 60 }) }),
  { minLength: 1, maxLength: 4 }
)
const drawn = fc.sample(fc.tuple(shapes, attempts), { numRuns: wanted, seed: Number(values.seed) })
/** With `--case`, the one case that a finding printed, again and again. */
const given =
  values.case === undefined
    ? undefined
    : (JSON.parse(values.case) as { shape: (typeof drawn)[number][0]; attempts: (typeof drawn)[number][1] })
const cases = given === undefined ? drawn : drawn.map((): (typeof drawn)[number] => [given.shape, given.attempts])

const findings: Array<string> = []
let interruptions = 0
let ended = 0

const one = Effect.fnUntraced(function* ([shape, attempts]: (typeof cases)[number]) {
  const task = yield* Tiny.task(shape)
  const plan = planOf(shape, task.train.batchesPerEpoch)
  const reference = yield* Trainer.train(task, plan).pipe(Effect.provide([Tiny.optimizer, Tiny.store().layer, Tiny.logger()]))
  const disk = Tiny.store()
  const context = JSON.stringify({ shape, attempts })
  const report = (what: string) => findings.push(`${what}: ${context}`)
  for (const { after, faults } of attempts) {
    const tensors = tf.memory().numTensors
    const layers = Layer.mergeAll(Tiny.optimizer, Faults.store(faults, disk.layer), Faults.logger(faults, Tiny.logger()))
    const run = Trainer.train({ ...task, train: Faults.data(faults, task.train) }, plan, {
      background: shape.background,
      observe: Faults.observer(faults),
      grace: Duration.millis(grace)
    }).pipe(Effect.provide(layers, { local: true }))
    const fiber = yield* Effect.forkDetach(run)
    yield* Effect.sleep(after)
    const began = performance.now()
    const stopped = yield* Fiber.interrupt(fiber).pipe(Effect.timeoutOption(limit))
    interruptions++
    if (stopped._tag === "None") {
      report(`still running ${limit} ms after its interruption`)
      return
    }
    const took = performance.now() - began
    const exit = yield* Fiber.await(fiber)
    if (Exit.isSuccess(exit)) ended++
    if (took > limit) report(`took ${Math.round(took)} ms to end`)
    if (tf.memory().numTensors !== tensors) report(`${tf.memory().numTensors - tensors} tensors are left`)
  }
  const resumed = yield* Trainer.train(task, plan).pipe(Effect.provide([Tiny.optimizer, disk.layer, Tiny.logger()]))
  const log = (result: Trainer.TrainResult) => JSON.stringify(result.history.map(({ attempt, clock, run, ...rest }) => rest))
  if (JSON.stringify(encode(resumed.state)) !== JSON.stringify(encode(reference.state))) report("another state")
  if (!Equal.equals(resumed.weights, reference.weights)) report("other weights")
  if (log(resumed) !== log(reference)) report("another log")
})

const program = Effect.gen(function* () {
  for (const next of cases) {
    if (interruptions >= wanted) break
    yield* one(next).pipe(
      Effect.timeout("60 seconds"),
      Effect.catchCause((cause) => Effect.sync(() => void findings.push(`${String(cause)}: ${JSON.stringify(next)}`)))
    )
  }
})
const began = performance.now()
await Effect.runPromise(program.pipe(Effect.provide([Cpu.layer, quiet])))
await new Promise((resolve) => setTimeout(resolve, 50))
if (timers() > 0) findings.push(`${timers()} timers are left`)
for (const finding of findings.slice(0, 20)) console.error(finding)
const seconds = Math.round((performance.now() - began) / 1000)
console.log(`${interruptions} interruptions in ${seconds} s (${ended} runs had ended before), ${findings.length} findings`)
process.exit(findings.length === 0 ? 0 : 1)
