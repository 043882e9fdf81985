/**
 * The page's `set_*` helpers: each sets all the arguments of its group, those that are not named to the helper's own defaults. They work on what is
 * given, and `Arguments.make` checks the whole.
 */
import { dual } from "effect/Function"
import type { Input } from "./Fields.ts"

/** For each option the argument that it sets, and its default. */
type Spec = Readonly<Record<string, readonly [argument: keyof Input, initial: unknown]>>

type Options<S extends Spec> = { readonly [K in keyof S]?: Input[S[K][0]] }

/** Sets a group of arguments. */
export interface Helper<O> {
  <I extends Input>(options: O): (input: I) => I
  <I extends Input>(input: I, options: O): I
}

const helper = <const S extends Spec, O extends Options<S> = Options<S>>(
  spec: S,
  also: (options: O) => Input = () => ({})
): Helper<O> =>
  dual(2, (input: Input, options: O): Input => {
    const set = Object.entries(spec).map(([option, [argument, initial]]) => [
      argument,
      (options as Readonly<Record<string, unknown>>)[option] ?? initial
    ])
    return { ...input, ...Object.fromEntries(set), ...also(options) }
  })

/**
 * Sets what training needs, and `doTrain`.
 *
 * **Source**: `set_training`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { pipe, Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const input = pipe({ maxSteps: 9 }, Arguments.setTraining({ learningRate: 1e-3 }), Arguments.setEvaluate({ strategy: "epoch" }))
 * const args = Result.getOrThrow(Arguments.make(input))
 * assert.deepEqual([args.doTrain, args.learningRate, args.maxSteps, args.evalStrategy], [true, 1e-3, -1, "epoch"])
 * ```
 */
export const setTraining = helper(
  {
    learningRate: ["learningRate", 5e-5],
    batchSize: ["perDeviceTrainBatchSize", 8],
    weightDecay: ["weightDecay", 0],
    numEpochs: ["numTrainEpochs", 3],
    maxSteps: ["maxSteps", -1],
    gradientAccumulationSteps: ["gradientAccumulationSteps", 1],
    seed: ["seed", 42],
    gradientCheckpointing: ["gradientCheckpointing", false]
  },
  () => ({ doTrain: true })
)

/** Sets when and how to evaluate, and `doEval` where the strategy is not "no". **Source**: `set_evaluate`. */
export const setEvaluate = helper(
  {
    strategy: ["evalStrategy", "no"],
    steps: ["evalSteps", 500],
    batchSize: ["perDeviceEvalBatchSize", 8],
    accumulationSteps: ["evalAccumulationSteps", null],
    delay: ["evalDelay", 0],
    lossOnly: ["predictionLossOnly", false],
    jitMode: ["jitModeEval", false]
  },
  ({ strategy = "no" }) => ({ doEval: strategy !== "no" })
)

/** Sets how to predict, and `doPredict`. **Source**: `set_testing`. */
export const setTesting = helper(
  {
    batchSize: ["perDeviceEvalBatchSize", 8],
    lossOnly: ["predictionLossOnly", false],
    jitMode: ["jitModeEval", false]
  },
  () => ({ doPredict: true })
)

/** Sets when to save, and how much to keep. **Source**: `set_save`. */
export const setSave = helper({
  strategy: ["saveStrategy", "steps"],
  steps: ["saveSteps", 500],
  totalLimit: ["saveTotalLimit", null],
  onEachNode: ["saveOnEachNode", false]
})

/** Sets when and where to log. **Source**: `set_logging`; where its text and its signature disagree, the signature (no trackers, no filter). */
export const setLogging = helper({
  strategy: ["loggingStrategy", "steps"],
  steps: ["loggingSteps", 500],
  reportTo: ["reportTo", "none"],
  level: ["logLevel", "passive"],
  firstStep: ["loggingFirstStep", false],
  nanInfFilter: ["loggingNanInfFilter", false],
  onEachNode: ["logOnEachNode", false],
  replicaLevel: ["logLevelReplica", "passive"]
})

/** Sets the optimizer and its figures. **Source**: `set_optimizer`. */
export const setOptimizer = helper({
  name: ["optim", "adamw_torch"],
  learningRate: ["learningRate", 5e-5],
  weightDecay: ["weightDecay", 0],
  beta1: ["adamBeta1", 0.9],
  beta2: ["adamBeta2", 0.999],
  epsilon: ["adamEpsilon", 1e-8],
  args: ["optimArgs", null]
})

/** Sets the course of the learning rate, and how far it goes. **Source**: `set_lr_scheduler`. */
export const setLrScheduler = helper({
  name: ["lrSchedulerType", "linear"],
  numEpochs: ["numTrainEpochs", 3],
  maxSteps: ["maxSteps", -1],
  warmupRatio: ["warmupRatio", 0],
  warmupSteps: ["warmupSteps", 0]
})

/** Sets how data are read. **Source**: `set_dataloader`. */
export const setDataloader = helper({
  trainBatchSize: ["perDeviceTrainBatchSize", 8],
  evalBatchSize: ["perDeviceEvalBatchSize", 8],
  dropLast: ["dataloaderDropLast", false],
  numWorkers: ["dataloaderNumWorkers", 0],
  pinMemory: ["dataloaderPinMemory", true],
  persistentWorkers: ["dataloaderPersistentWorkers", false],
  prefetchFactor: ["dataloaderPrefetchFactor", null],
  autoFindBatchSize: ["autoFindBatchSize", false],
  ignoreDataSkip: ["ignoreDataSkip", false],
  samplerSeed: ["dataSeed", null]
})

const hub = {
  modelId: ["hubModelId", null],
  strategy: ["hubStrategy", "every_save"],
  token: ["hubToken", null],
  privateRepo: ["hubPrivateRepo", false],
  alwaysPush: ["hubAlwaysPush", false]
} as const

/** Sets what is uploaded where, and `pushToHub`. **Source**: `set_push_to_hub`. */
export const setPushToHub = helper<typeof hub, Options<typeof hub> & { readonly modelId: string }>(hub, () => ({
  pushToHub: true
}))
