/** The `set_*` helpers: the arguments that each sets, and their defaults. */
import { pipe, Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"

/** By helper: its result without options, and with all of them. The names are those of TrainingArguments' methods. */
const helpers: Readonly<
  Record<string, readonly [bare: Arguments.Input, full: Arguments.Input, wanted: Readonly<Record<string, unknown>>]>
> = {
  set_training: [
    Arguments.setTraining({}, {}),
    Arguments.setTraining(
      {},
      {
        learningRate: 1,
        batchSize: 2,
        weightDecay: 3,
        numEpochs: 4,
        maxSteps: 5,
        gradientAccumulationSteps: 6,
        seed: 7,
        gradientCheckpointing: true
      }
    ),
    {
      doTrain: [true, true],
      learningRate: [5e-5, 1],
      perDeviceTrainBatchSize: [8, 2],
      weightDecay: [0, 3],
      numTrainEpochs: [3, 4],
      maxSteps: [-1, 5],
      gradientAccumulationSteps: [1, 6],
      seed: [42, 7],
      gradientCheckpointing: [false, true]
    }
  ],
  set_evaluate: [
    Arguments.setEvaluate({}, {}),
    Arguments.setEvaluate(
      {},
      {
        strategy: "steps",
        steps: 1,
        batchSize: 2,
        accumulationSteps: 3,
        delay: 4,
        lossOnly: true,
        jitMode: true
      }
    ),
    {
      evalStrategy: ["no", "steps"],
      doEval: [false, true],
      evalSteps: [500, 1],
      perDeviceEvalBatchSize: [8, 2],
      evalAccumulationSteps: [null, 3],
      evalDelay: [0, 4],
      predictionLossOnly: [false, true],
      jitModeEval: [false, true]
    }
  ],
  set_testing: [
    Arguments.setTesting({}, {}),
    Arguments.setTesting({}, { batchSize: 2, lossOnly: true, jitMode: true }),
    {
      doPredict: [true, true],
      perDeviceEvalBatchSize: [8, 2],
      predictionLossOnly: [false, true],
      jitModeEval: [false, true]
    }
  ],
  set_save: [
    Arguments.setSave({}, {}),
    Arguments.setSave({}, { strategy: "epoch", steps: 2, totalLimit: 3, onEachNode: true }),
    { saveStrategy: ["steps", "epoch"], saveSteps: [500, 2], saveTotalLimit: [null, 3], saveOnEachNode: [false, true] }
  ],
  set_logging: [
    Arguments.setLogging({}, {}),
    Arguments.setLogging(
      {},
      {
        strategy: "no",
        steps: 2,
        reportTo: ["tensorboard"],
        level: "error",
        firstStep: true,
        nanInfFilter: true,
        onEachNode: true,
        replicaLevel: "info"
      }
    ),
    {
      loggingStrategy: ["steps", "no"],
      loggingSteps: [500, 2],
      reportTo: [[], ["tensorboard"]],
      logLevel: ["passive", "error"],
      loggingFirstStep: [false, true],
      loggingNanInfFilter: [false, true],
      logOnEachNode: [false, true],
      logLevelReplica: ["passive", "info"]
    }
  ],
  set_optimizer: [
    Arguments.setOptimizer({}, {}),
    Arguments.setOptimizer(
      {},
      {
        name: "galore_adamw",
        learningRate: 1,
        weightDecay: 2,
        beta1: 0.3,
        beta2: 0.4,
        epsilon: 5,
        args: "rank=6"
      }
    ),
    {
      optim: ["adamw_torch", "galore_adamw"],
      learningRate: [5e-5, 1],
      weightDecay: [0, 2],
      adamBeta1: [0.9, 0.3],
      adamBeta2: [0.999, 0.4],
      adamEpsilon: [1e-8, 5],
      optimArgs: [null, "rank=6"]
    }
  ],
  set_lr_scheduler: [
    Arguments.setLrScheduler({}, {}),
    Arguments.setLrScheduler({}, { name: "cosine", numEpochs: 1, maxSteps: 2, warmupRatio: 0.3, warmupSteps: 4 }),
    {
      lrSchedulerType: ["linear", "cosine"],
      numTrainEpochs: [3, 1],
      maxSteps: [-1, 2],
      warmupRatio: [0, 0.3],
      warmupSteps: [0, 4]
    }
  ],
  set_dataloader: [
    Arguments.setDataloader({}, {}),
    Arguments.setDataloader(
      {},
      {
        trainBatchSize: 1,
        evalBatchSize: 2,
        dropLast: true,
        numWorkers: 3,
        pinMemory: false,
        persistentWorkers: true,
        prefetchFactor: 4,
        autoFindBatchSize: true,
        ignoreDataSkip: true,
        samplerSeed: 5
      }
    ),
    {
      perDeviceTrainBatchSize: [8, 1],
      perDeviceEvalBatchSize: [8, 2],
      dataloaderDropLast: [false, true],
      dataloaderNumWorkers: [0, 3],
      dataloaderPinMemory: [true, false],
      dataloaderPersistentWorkers: [false, true],
      dataloaderPrefetchFactor: [null, 4],
      autoFindBatchSize: [false, true],
      ignoreDataSkip: [false, true],
      dataSeed: [null, 5]
    }
  ],
  set_push_to_hub: [
    Arguments.setPushToHub({}, { modelId: "m" }),
    Arguments.setPushToHub({}, { modelId: "m", strategy: "end", token: "t", privateRepo: true, alwaysPush: true }),
    {
      pushToHub: [true, true],
      hubModelId: ["m", "m"],
      hubStrategy: ["every_save", "end"],
      hubToken: [null, "t"],
      hubPrivateRepo: [false, true],
      hubAlwaysPush: [false, true]
    }
  ]
}

describe.each(Object.entries(helpers))("%s", (_, [bare, full, wanted]) => {
  it("sets all arguments of its group, omitted ones to its own defaults", () => {
    const pairs = Object.entries(wanted) as ReadonlyArray<readonly [string, readonly [unknown, unknown]]>
    const values = (input: Arguments.Input) => {
      const args: Readonly<Record<string, unknown>> = Result.getOrThrow(
        Arguments.make({ ...input, ...(input.optim === "galore_adamw" ? { optimTargetModules: ["a"] } : {}) })
      )
      return Object.fromEntries(Object.keys(wanted).map((name) => [name, args[name]]))
    }
    expect(values(bare)).toEqual(Object.fromEntries(pairs.map(([name, [initial]]) => [name, initial])))
    expect(values(full)).toEqual(Object.fromEntries(pairs.map(([name, [, given]]) => [name, given])))
    expect(Object.keys(bare).sort()).toEqual(Object.keys(wanted).sort())
  })
})

it("resets its group, keeps the other arguments, and does not mutate its input", () => {
  const given = Object.freeze({ learningRate: 1, outputDir: "x" })
  const input = pipe(given, Arguments.setTraining({ batchSize: 4 }))
  expect(input).toMatchObject({ learningRate: 5e-5, outputDir: "x", perDeviceTrainBatchSize: 4 })
  expect(given).toEqual({ learningRate: 1, outputDir: "x" })
  expect(Arguments.setTraining(given, { batchSize: 4 })).toEqual(input)
})

it("is validated by make", () => {
  const invalid = pipe({}, Arguments.setSave({ steps: 0 }), Arguments.make)
  expect(Result.getOrThrow(Result.flip(invalid)).message).toContain("save_steps")
})
