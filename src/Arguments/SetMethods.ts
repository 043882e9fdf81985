/**
 * The `set_*` methods of `TrainingArguments`: each sets all arguments of its group, omitted ones to the method's own defaults. They transform the input,
 * which `Arguments.make` then validates.
 */
import { dual } from "effect/Function"
import type { Input } from "./ArgumentsInput.ts"

/** The argument that each option sets, and its default. */
type Spec = Readonly<Record<string, readonly [argument: keyof Input, initial: unknown]>>

type Options<S extends Spec> = { readonly [K in keyof S]?: Input[S[K][0]] }

/** A function that sets a group of arguments. */
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
 * Sets the main arguments of training, and `doTrain`.
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

/** Sets the arguments of evaluation, and `doEval` unless the strategy is "no". **Source**: `set_evaluate`. */
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

/** Sets the arguments of prediction, and `doPredict`. **Source**: `set_testing`. */
export const setTesting = helper(
  {
    batchSize: ["perDeviceEvalBatchSize", 8],
    lossOnly: ["predictionLossOnly", false],
    jitMode: ["jitModeEval", false]
  },
  () => ({ doPredict: true })
)

/** Sets the arguments of checkpoints. **Source**: `set_save`. */
export const setSave = helper({
  strategy: ["saveStrategy", "steps"],
  steps: ["saveSteps", 500],
  totalLimit: ["saveTotalLimit", null],
  onEachNode: ["saveOnEachNode", false]
})

/** Sets the arguments of logging. **Source**: `set_logging`; its defaults are those of the signature, which differ from the documented ones (no trackers, no filter). */
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

/** Sets the optimizer and its hyperparameters. **Source**: `set_optimizer`. */
export const setOptimizer = helper({
  name: ["optim", "adamw_torch"],
  learningRate: ["learningRate", 5e-5],
  weightDecay: ["weightDecay", 0],
  beta1: ["adamBeta1", 0.9],
  beta2: ["adamBeta2", 0.999],
  epsilon: ["adamEpsilon", 1e-8],
  args: ["optimArgs", null]
})

/** Sets the learning-rate scheduler and the length of training. **Source**: `set_lr_scheduler`. */
export const setLrScheduler = helper({
  name: ["lrSchedulerType", "linear"],
  numEpochs: ["numTrainEpochs", 3],
  maxSteps: ["maxSteps", -1],
  warmupRatio: ["warmupRatio", 0],
  warmupSteps: ["warmupSteps", 0]
})

/** Sets the arguments of the data loaders. **Source**: `set_dataloader`. */
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

/** Sets the arguments of uploads to the hub, and `pushToHub`. **Source**: `set_push_to_hub`. */
export const setPushToHub = helper<typeof hub, Options<typeof hub> & { readonly modelId: string }>(hub, () => ({
  pushToHub: true
}))
