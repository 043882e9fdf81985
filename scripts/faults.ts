/**
 * Interrupts runs at random times while loggers, stores, observers and data are slow, fail, hang or throw, resumes them, and compares the end with that of the
 * undisturbed run: weights, state and canonical log are equal to the bit, every attempt ends within its limit, and no tensor, fiber, open file, lock or timer
 * is left. Every fourth case writes its checkpoints and its log to files.
 * `bin/dev faults [--interruptions 500] [--seed 1] [--case JSON] [--disk]`; outside CI (minutes).
 */
import { existsSync } from "node:fs"
import { isDeepStrictEqual, parseArgs } from "node:util"
import { NodeServices } from "@effect/platform-node"
import { Duration, Effect, Logger as EffectLogger, Equal, Exit, Fiber, FileSystem, Layer, Path, Schema } from "effect"
import fc from "fast-check"
import * as FileSystemStore from "../src/Checkpoint/FileSystemStore.ts"
import { defined } from "../src/Defined.ts"
import * as Trainer from "../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../src/Layer/Device/Cpu.ts"
import * as Jsonl from "../src/Layer/Logger/Jsonl.ts"
import { TrainerState } from "../src/TrainerState.ts"
import * as Faults from "../test/support/faults.ts"
import { planOf, shapes } from "../test/support/plans.ts"
import * as Tiny from "../test/support/tiny.ts"
import * as Resources from "./faults/Resources.ts"

const { values } = parseArgs({
  options: {
    interruptions: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    case: { type: "string" },
    disk: { type: "boolean", default: false }
  }
})
const ramDisk = existsSync("/dev/shm") ? "/dev/shm" : undefined
const wanted = Number(values.interruptions)
const grace = 150
const limit = 2500 // an attempt ends so soon after it is interrupted. Unit: ms
const settling = 500 // what an attempt leaves is gone so soon after its end. Unit: ms

/** Compares as a file does, which orders keys differently. */
const equalAsJson = (one: unknown, other: unknown) =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)))
const encode = Schema.encodeSync(TrainerState)
const quiet = EffectLogger.layer([])

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

/** Where the attempts of a case write: in memory, or in a folder that the scope removes. */
const places = Effect.fnUntraced(function* (onDisk: boolean) {
  if (!onDisk) return { store: Tiny.store().layer, logger: Tiny.logger(), lock: undefined, log: undefined }
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "regimen-faults-", ...defined({ directory: ramDisk }) })
  const files = Layer.succeed(FileSystem.FileSystem, fs).pipe(Layer.merge(Path.layer))
  const store = FileSystemStore.layer({ directory }).pipe(Layer.provide(files))
  const log = `${directory}/log.jsonl`
  return { store, logger: Jsonl.layer(log).pipe(Layer.provide(files)), lock: `${directory}/run.lock`, log }
})

const one = Effect.fnUntraced(function* ([shape, attempts]: (typeof cases)[number], onDisk: boolean) {
  const task = yield* Tiny.task(shape)
  const plan = planOf(shape, task.train.batchesPerEpoch)
  const reference = yield* Trainer.train(task, plan).pipe(Effect.provide([Tiny.optimizer, Tiny.store().layer, Tiny.logger()]))
  const place = yield* places(onDisk)
  const context = `${onDisk ? "on disk" : "in memory"}: ${JSON.stringify({ shape, attempts })}`
  const report = (what: string) => findings.push(`${what}: ${context}`)
  for (const { after, faults } of attempts) {
    const before = Resources.now()
    const layers = Layer.mergeAll(Tiny.optimizer, Faults.store(faults, place.store), Faults.logger(faults, place.logger))
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
    for (const leak of yield* Resources.settled(before, settling)) report(leak)
    if (place.lock !== undefined && existsSync(place.lock)) report("the store is still locked")
  }
  const resumed = yield* Trainer.train(task, plan).pipe(Effect.provide([Tiny.optimizer, place.store, place.logger]))
  const log = ({ history }: Pick<Trainer.TrainResult, "history">) => history.map(({ attempt, clock, run, ...rest }) => rest)
  const state = encode(resumed.state)
  // a write in the background that failed is not repeated: no later state lists it
  const saveFailed = shape.background && attempts.some(({ faults }) => faults.some(({ target }) => target === "store.save"))
  const checkpoints = reference.state.checkpoints.filter((step) => !saveFailed || state.checkpoints.includes(step))
  if (!equalAsJson(state, encode({ ...reference.state, checkpoints }))) report("another state")
  if (!Equal.equals(resumed.weights, reference.weights)) report("other weights")
  if (!equalAsJson(log(resumed), log(reference))) report("another log")
  if (place.log !== undefined && !attempts.some(({ faults }) => faults.some(({ target }) => target.startsWith("logger")))) {
    const history = (yield* Jsonl.read(place.log)).filter((entry) => entry._tag === "Scalars")
    if (!equalAsJson(log({ history }), log(reference))) report("another log in the file")
  }
}, Effect.scoped)

const program = Effect.gen(function* () {
  for (const [index, next] of cases.entries()) {
    if (interruptions >= wanted) break
    yield* one(next, index % 4 === 3 || values.disk).pipe(
      Resources.counted,
      Effect.timeout("60 seconds"),
      Effect.catchCause((cause) => Effect.sync(() => void findings.push(`${String(cause)}: ${JSON.stringify(next)}`)))
    )
  }
})
const began = performance.now()
const atFirst = Resources.now()
if (atFirst.files === undefined) console.warn("This system has no /proc/self/fd: open files are not checked.")
await Effect.runPromise(program.pipe(Effect.provide([Cpu.layer, NodeServices.layer, quiet])))
await new Promise((resolve) => setTimeout(resolve, 50))
const atLast = Resources.now()
findings.push(...Resources.left(atFirst, atLast))
if (atLast.timers > 0) findings.push(`${atLast.timers} timers are left`)
for (const finding of findings.slice(0, 20)) console.error(finding)
const seconds = Math.round((performance.now() - began) / 1000)
console.log(`${interruptions} interruptions in ${seconds} s (${ended} runs had ended before), ${findings.length} findings`)
process.exit(findings.length === 0 ? 0 : 1)
