import "@tensorflow/tfjs-backend-cpu"
import { Result } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Compile from "../../../src/Arguments/Compile.ts"
import { optims } from "../../../src/Arguments/Fields.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"
import * as State from "../../../src/TrainerState.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const makeArgs = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))
const plan = (input: Arguments.Input, sizes: Partial<Compile.Sizes> = {}) =>
  Compile.plan(makeArgs(input), { batchesPerEpoch: 10, sets: ["eval"], ...sizes })
const refused = (input: Arguments.Input, sizes: Partial<Compile.Sizes> = {}) =>
  Result.getOrThrow(Result.flip(plan(input, sizes))).message

describe("resolve", () => {
  it("converts ratios of the run as the Trainer does, and takes 1.0 as every update", () => {
    const args = makeArgs({ maxSteps: 33, loggingSteps: 0.1, saveSteps: 1, evalStrategy: "steps", warmupRatio: 0.07 })
    expect(Compile.resolve(args, { batchesPerEpoch: 10 })).toMatchObject({
      loggingSteps: 4,
      saveSteps: 1,
      evalSteps: 4,
      warmupSteps: 3
    })
  })

  it("gives max_steps precedence over num_train_epochs", () => {
    expect(Compile.resolve(makeArgs({ maxSteps: 25, numTrainEpochs: 1 }), { batchesPerEpoch: 10 }).horizon).toMatchObject({
      maxSteps: 25,
      epochs: 3
    })
  })
})

describe("plan", () => {
  it("rejects contradictory arguments before step 0", () => {
    expect(refused({}, { batchesPerEpoch: 0 })).toContain("An epoch has no batch")
    expect(refused({}, { batchesPerEpoch: Infinity })).toContain("set max_steps")
    expect(refused({ evalStrategy: "epoch" }, { sets: [] })).toContain("no evaluation data")
    expect(refused({ evalOnStart: true }, { sets: [] })).toContain("eval_on_start")
    expect(refused({ evalStrategy: "epoch" }, { earlyStopping: { patience: 1, threshold: 0 } })).toContain(
      "metric_for_best_model"
    )
    expect(refused({ metricForBestModel: "loss" }, { earlyStopping: { patience: 1, threshold: 0 } })).toContain("eval_strategy")
    expect(refused({ lrSchedulerType: "polynomial", warmupRatio: 1 })).toContain("the warm-up takes all 30 updates")
    expect(refused({ lrSchedulerType: "linear", lrSchedulerKwargs: { powr: 1 } })).toBe(
      "There is no argument lr_scheduler_kwargs.powr."
    )
    expect(refused({ lrSchedulerType: "cosine", lrSchedulerKwargs: { num_cycle: 1 } })).toContain("Did you mean num_cycles?")
  })

  it("plans no update for 0 epochs", () => {
    const { events } = Result.getOrThrow(Plan.simulate(Result.getOrThrow(plan({ numTrainEpochs: 0 }))))
    expect(events.map(({ _tag }) => _tag)).toEqual(["Initialized", "Started", "Summary", "Finished"])
  })

  it("watches the metric of the best model only if evaluations are planned", () => {
    expect(Result.getOrThrow(plan({ metricForBestModel: "f1" })).watches).toEqual([])
    expect(Result.getOrThrow(plan({ metricForBestModel: "f1", evalStrategy: "epoch" })).watches).toEqual(["eval_f1"])
  })

  it("performs a requested save with save_strategy best, also when the evaluation at that step is not the best (e)", () => {
    const best = Result.getOrThrow(
      plan({ maxSteps: 3, saveStrategy: "best", evalStrategy: "steps", evalSteps: 1, metricForBestModel: "loss" })
    )
    const { state } = Result.getOrThrow(
      Plan.simulate(best, {
        metrics: (_, n) => ({ eval_loss: n }),
        requests: { StepEnded: ({ state }) => (state.step === 2 ? ["save"] : []) }
      })
    )
    expect(state.checkpoints).toEqual([1, 2])
    expect(state.bestCheckpoint).toBe(1)
  })

  it("starts the warm-up at 0 and ends the decay at 0", () => {
    const { horizon, learningRate } = Result.getOrThrow(plan({ learningRate: 1, warmupSteps: 10 }))
    const at = (step: number) => learningRate({ ...State.initial, step }, horizon)
    expect([0, 5, 10, 20, 30].map(at)).toEqual([0, 0.5, 1, 0.5, 0])
  })
})

describe("optimizer", () => {
  const optimTargetModules = ["attention", "h\\.\\d+\\.mlp"]
  const names = (input: Arguments.Input) => Compile.optimizer(makeArgs(input)).links?.map((link) => link.name)

  it("is the one named by optim", () => {
    expect(names({})).toEqual(["adam", "learning_rate"])
    expect(names({ optim: "adamw_torch" })).toEqual(names({}))
    expect(names({ optim: "sgd", weightDecay: 0.1 })).toEqual(["weight_decay", "learning_rate"])
    expect(names({ optim: "adagrad" })).toEqual(["adagrad", "learning_rate"])
    expect(names({ optim: "rmsprop" })).toEqual(["rmsprop", "learning_rate"])
    expect(names({ optim: "lion_32bit", weightDecay: 0.1 })).toEqual(["lion", "weight_decay", "learning_rate"])
    expect(names({ optim: "adafactor" })).toEqual(["adafactor", "clip_rms", "adafactor_step"])
    const low = { optimTargetModules, weightDecay: 0.1 }
    expect(names({ optim: "galore_adamw", ...low })).toEqual(["galore", "learning_rate"])
    expect(names({ optim: "galore_adafactor", ...low })).toEqual(["galore", "adafactor_step"])
  })

  it("gives Adafactor the learning rate of the run, and Lion the betas of Adam", () => {
    const at = { step: 0, learningRate: 0.25 }
    expect(Compile.optimizer(makeArgs({ optim: "adafactor" })).scalars(at)["adafactor_step.rate"]).toBe(0.25)
    tf.tidy(() => {
      const lion = Compile.optimizer(makeArgs({ optim: "lion_32bit", adamBeta1: 0.5, adamBeta2: 0.75 }))
      const { slots } = lion.update({
        gradients: { w: tf.scalar(4) },
        parameters: { w: tf.scalar(0) },
        slots: { "lion.exp_avg.w": tf.scalar(8) },
        scalars: { "learning_rate.negativeRate": tf.scalar(-1) }
      })
      expect(slots["lion.exp_avg.w"]!.dataSync()[0]).toBe(7)
    })
  })

  it("decays the same parameters as the Trainer, with every optimizer that takes weight_decay", () => {
    const paths = ["fc.weight", "fc.bias", "norm.weight", "h.0.ln_1.weight"]
    for (const optim of optims.filter((name) => !name.startsWith("galore"))) {
      tf.tidy(() => {
        const optimizer = Compile.optimizer(makeArgs({ optim, weightDecay: 0.5 }))
        const parameters = Object.fromEntries(paths.map((path) => [path, tf.ones([2])]))
        const { updates } = optimizer.update({
          parameters,
          gradients: Tree.map(parameters, (parameter) => tf.zerosLike(parameter)),
          slots: optimizer.init(parameters),
          scalars: Tree.map(optimizer.scalars({ step: 0, learningRate: 0.5 }), (value) => tf.scalar(value))
        })
        const moved = paths.filter((path) => updates[path]!.dataSync()[0] !== 0)
        expect(moved, optim).toEqual(["fc.weight"])
      })
    }
  })

  it("parses the options of GaLore, and projects the weights of its target modules", () => {
    const optimArgs = "rank=2, update_proj_gap = 7, scale=0.5, proj_type=reverse_std"
    const galore = Compile.optimizer(makeArgs({ optim: "galore_adamw", optimArgs, optimTargetModules }))
    expect(galore.scalars({ step: 7, learningRate: 0 })["galore.refresh"]).toBe(1)
    expect(galore.scalars({ step: 8, learningRate: 0 })["galore.refresh"]).toBe(0)
    tf.tidy(() => {
      const paths = ["layer.attention.query.weight", "layer.attention.query.extra", "h.3.mlp.weight", "h.3.mlp.c_fc.weight"]
      const slots = galore.init(Object.fromEntries(paths.map((path) => [path, tf.zeros([4, 3])])))
      const projections = Tree.map(Tree.under(slots, "galore.projection"), ({ shape }) => shape)
      expect(projections).toEqual({ "layer.attention.query.weight": [4, 2], "h.3.mlp.weight": [4, 2] })
    })
  })

  it("rejects options that would be ignored or cannot be applied", () => {
    const message = (input: Arguments.Input) => Result.getOrThrow(Result.flip(Arguments.make(input))).message
    const low = { optim: "galore_adamw", optimTargetModules } as const
    expect(message({ optim: "sgd", optimArgs: "momentum=0.9" })).toContain('"sgd" takes no optim_args')
    for (const optimArgs of ["rank", "rank=0", "rank=1.5", "scale=", "update_proj_gap=x", "proj_type=full", "rnak=3"])
      expect(message({ ...low, optimArgs })).toContain(`optim_args has "${optimArgs}"`)
    expect(message({ optim: "galore_adamw" })).toContain("needs optim_target_modules")
    expect(message({ optim: "galore_adamw", optimTargetModules: ["all-linear"] })).toContain("name the modules")
    expect(message({ optim: "galore_adamw", optimTargetModules: ["("] })).toContain("not a regular expression")
  })
})
