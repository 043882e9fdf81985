/** Hugging Face's Trainer: what its methods return, in which order they log, and its state between calls. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Layer, Schema } from "effect"
import type { Input } from "../../../src/Arguments/Arguments.ts"
import * as FileSystemStore from "../../../src/Checkpoint/FileSystemStore.ts"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as ShardedSafetensors from "../../../src/Checkpoint/ShardedSafetensors.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as EvalPrediction from "../../../src/Evaluation/EvalPrediction.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { type Entry, Logger } from "../../../src/Layer/Logger/Logger.ts"
import type { Model } from "../../../src/Model/Model.ts"
import * as Optimizers from "../../../src/Optimizer/Optimizers.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tokenizer from "../../../src/Tokenizer/Tokenizers.ts"
import * as Tiny from "../../support/tiny.ts"

const train = Dataset.fromArray(Tiny.rows(8))
const evaluation = Dataset.fromArray(Tiny.rows(5))
const args: Input = { maxSteps: 4, perDeviceTrainBatchSize: 2, learningRate: 0.05, saveSteps: 2, loggingSteps: 2 }
const base = { model: Tiny.model, args, dataCollator: Tiny.collate, trainDataset: train, evalDataset: evaluation }

const layers = (entries: Array<Entry> = []) =>
  Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(entries), NodeServices.layer)
const here = <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layers>>>, entries: Array<Entry> = []) =>
  Effect.provide(effect, layers(entries), { local: true })

const batch = Effect.map(Dataset.fromArray(Tiny.rows(2)).rows([0, 1]), (rows) => rows)
const inputs = Effect.flatMap(batch, (rows) => Tiny.collate(rows, [0, 1]))

it.effect("train returns the steps, the mean loss and the metrics of the run", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* Trainer.make(base)
      const { globalStep, metrics, trainingLoss } = yield* trainer.train()
      expect(globalStep).toBe(4)
      expect(Object.keys(metrics).sort()).toEqual(
        ["epoch", "total_flos", "train_loss", "train_runtime", "train_samples_per_second", "train_steps_per_second"].filter(
          (name) => name in metrics
        )
      )
      expect(metrics.train_loss).toBe(trainingLoss)
      expect(metrics.epoch).toBe(1)
      expect((yield* trainer.state).checkpoints).toEqual([2, 4])
      expect((yield* trainer.logHistory).map(({ kind }) => kind)).toEqual(["train", "train", "summary"])
      expect(yield* trainer.isInTrain).toBe(false)
    })
  )
)

it.effect("clears the progress after an evaluation or a prediction, also after a failed one", () =>
  Effect.gen(function* () {
    const shown: Array<string> = []
    const logger = Layer.succeed(Logger, {
      log: () => Effect.void,
      progress: ({ done, phase, set }) => shown.push(phase === "idle" ? "idle" : `${set} ${done}`),
      flush: Effect.sync(() => shown.push("flush"))
    })
    yield* Effect.gen(function* () {
      const failing = () => (shown.length > 9 ? Effect.die("no") : Effect.succeed({}))
      const trainer = yield* Trainer.make({ ...base, computeMetrics: failing })
      yield* trainer.predict(evaluation)
      yield* trainer.evaluate()
      yield* Effect.exit(trainer.predict(evaluation, { metricKeyPrefix: "last" }))
    }).pipe(Effect.provide(Layer.mergeAll(Cpu.layer, MemoryStore.layer, logger, NodeServices.layer), { local: true }))
    const over = ["idle", "flush"]
    expect(shown).toEqual(["test 1", ...over, "eval 1", ...over, "flush", "last 1", ...over])
  })
)

it.effect("logs unused columns once, under the set's name, at the level that log_level allows", () =>
  Effect.gen(function* () {
    const messagesAt = Effect.fnUntraced(function* (logLevel: "info" | "warning") {
      const lines: Array<string> = []
      const rows = Dataset.fromArray(Tiny.rows(4).map((row) => ({ ...row, text: "a" })))
      const model: Model = { ...Tiny.model, inputs: ["x"], labels: ["labels"] }
      yield* Effect.gen(function* () {
        const trainer = yield* Trainer.make({
          ...base,
          model,
          args: { ...args, logLevel },
          trainDataset: rows,
          evalDataset: rows
        })
        yield* trainer.train()
        yield* trainer.getTrainDataloader()
        for (const metricKeyPrefix of ["eval", "ood", "ood"]) yield* trainer.evaluate({ evalDataset: rows, metricKeyPrefix })
        for (let i = 0; i < 2; i++) yield* trainer.predict(rows)
      }).pipe(
        Effect.scoped,
        Effect.provide(EffectLogger.layer([EffectLogger.make(({ message }) => void lines.push(String(message)))]))
      )
      return lines.map((line) => line.split("): ")[1])
    })
    expect(yield* here(messagesAt("info"))).toEqual(["text of train; text of eval.", "text of ood.", "text of test."])
    expect(yield* here(messagesAt("warning"))).toEqual([])
  })
)

it.effect("train continues from the present weights, or from new ones with modelInit; the same seed gives the same bits", () =>
  here(
    Effect.gen(function* () {
      const weights = Effect.fnUntraced(function* (
        options: Partial<typeof base> & { readonly modelInit?: () => typeof Tiny.model }
      ) {
        const trainer = yield* Trainer.make({ ...base, ...options })
        yield* trainer.train()
        const first = (yield* trainer.weights).parameters
        yield* trainer.train()
        return [first, (yield* trainer.weights).parameters] as const
      })
      const [once, twice] = yield* weights({})
      const [again, anew] = yield* weights({ modelInit: () => Tiny.model })
      expect(again).toEqual(once)
      expect(anew).toEqual(once)
      expect(twice).not.toEqual(once)
    })
  )
)

it.effect("resumes from the newest checkpoint to the same weights", () =>
  here(
    Effect.gen(function* () {
      const whole = yield* Trainer.make(base)
      yield* whole.train()
      const cut = yield* Trainer.make({
        ...base,
        callbacks: [Callback.make({ onSave: ({ state }) => (state.step === 2 ? Effect.fail("cut") : undefined) })]
      })
      expect(yield* Effect.flip(cut.train())).toBe("cut")
      expect(yield* cut.isInTrain).toBe(false)
      const steps: Array<number> = []
      const counting = Callback.make({ onStepEnd: ({ state }) => void steps.push(state.step) })
      const resumed = yield* Trainer.make({ ...base, callbacks: [counting] })
      yield* resumed.train(true)
      expect(steps).toEqual([3, 4])
      expect(yield* resumed.bestModelCheckpoint).toBeNull()
      expect((yield* resumed.weights).parameters).toEqual((yield* whole.weights).parameters)
      const from = yield* Effect.flip(resumed.train({ resumeFromCheckpoint: "nowhere" }))
      expect(String(from)).toContain("no checkpoint")
    })
  )
)

it.effect("evaluate gives the epoch after training, and the preparation time if it ran before training", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* Trainer.make(base)
      const before = yield* trainer.evaluate()
      expect(Object.keys(before)).toEqual(expect.arrayContaining(["eval_loss", "eval_model_preparation_time"]))
      expect(before).not.toHaveProperty("epoch")
      yield* trainer.train()
      const after = yield* trainer.evaluate()
      expect(after).toHaveProperty("eval_model_preparation_time")
      expect(after.epoch).toBe(1)
      expect(after.eval_loss).toBeLessThan(before.eval_loss!)
      const other = yield* Trainer.make(base)
      yield* other.train()
      expect(yield* other.evaluate()).not.toHaveProperty("eval_model_preparation_time")
    })
  )
)

it.effect("evaluates several named sets as each alone, and other sets and prefixes", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* Trainer.make({ ...base, evalDataset: { a: evaluation, b: train } })
      const both = yield* trainer.evaluate()
      const a = yield* trainer.evaluate({ evalDataset: evaluation })
      const b = yield* trainer.evaluate({ evalDataset: train, metricKeyPrefix: "mine" })
      expect([both.eval_a_loss, both.eval_b_loss]).toEqual([a.eval_loss, b.mine_loss])
      expect((yield* trainer.logHistory).map(({ set }) => set)).toEqual(["eval_a", "eval_b", "eval", "mine"])
    })
  )
)

it.effect("predict gives the outputs, the labels and metrics without an epoch, and calls onPredict", () =>
  here(
    Effect.gen(function* () {
      const calls: Array<object> = []
      const trainer = yield* Trainer.make({
        ...base,
        computeMetrics: ({ predictions }) => ({ rows: EvalPrediction.take(predictions).shape[0]! }),
        callbacks: [Callback.make({ onPredict: (metrics) => void calls.push(metrics) })]
      })
      const { labelIds, metrics, predictions } = yield* trainer.predict(evaluation)
      expect(EvalPrediction.take(predictions).shape).toEqual([5, 1])
      expect(EvalPrediction.take(labelIds).shape).toEqual([5])
      expect(metrics.test_rows).toBe(5)
      expect(metrics).not.toHaveProperty("epoch")
      expect(calls).toEqual([metrics])
      expect(yield* trainer.logHistory).toEqual([])
    })
  )
)

it.effect("calls callbacks in evaluations outside of training, and keeps their state", () =>
  here(
    Effect.gen(function* () {
      const order: Array<string> = []
      const trainer = yield* Trainer.make({
        ...base,
        callbacks: [
          Callback.make({
            name: "Count",
            state: { schema: Schema.Number, initial: 0 },
            onPredictionStep: ({ done }) => void order.push(`batch ${done}`),
            onLog: () => void order.push("log"),
            onEvaluate: (_, n) => {
              order.push("evaluate")
              return { state: n + 1 }
            }
          })
        ]
      })
      yield* trainer.evaluate()
      yield* trainer.evaluate()
      expect(order.slice(0, 3)).toEqual(["batch 1", "log", "evaluate"])
      expect((yield* trainer.state).callbacks).toEqual({ Count: 2 })
    })
  )
)

it.effect("callbacks can be added and removed, by name or by value; removing DefaultFlowCallback changes nothing", () =>
  here(
    Effect.gen(function* () {
      const entries: Array<string> = []
      const mine = Callback.make({ name: "Mine", onStepEnd: () => void entries.push("step") })
      const trainer = yield* Trainer.make(base)
      yield* trainer.addCallback(mine)
      yield* trainer.removeCallback("DefaultFlowCallback")
      yield* trainer.removeCallback("ProgressCallback")
      expect((yield* trainer.train()).globalStep).toBe(4)
      expect((yield* trainer.state).checkpoints).toEqual([2, 4])
      expect(yield* trainer.popCallback(mine)).toBe(mine)
      expect(yield* trainer.popCallback("Mine")).toBeUndefined()
      yield* trainer.train()
      expect(entries.length).toBe(4)
    })
  )
)

it.effect("disable_tqdm prints logs instead of progress", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* Trainer.make({ ...base, args: { ...args, disableTqdm: true } })
      expect(yield* trainer.popCallback("ProgressCallback")).toBeUndefined()
      expect(yield* trainer.popCallback("PrinterCallback")).toBe(Callback.printer)
      const usual = yield* Trainer.make(base)
      expect(yield* usual.popCallback("PrinterCallback")).toBeUndefined()
      expect(yield* usual.popCallback("ProgressCallback")).toBe(Callback.progress)
    })
  )
)

it.effect("without ProgressCallback loggers show no progress", () =>
  Effect.gen(function* () {
    let shown = 0
    const watching = Layer.succeed(Logger, { log: () => Effect.void, flush: Effect.void, progress: () => void shown++ })
    const run = (remove: boolean) =>
      Effect.gen(function* () {
        const trainer = yield* Trainer.make(base)
        if (remove) yield* trainer.removeCallback("ProgressCallback")
        yield* trainer.train()
        yield* trainer.evaluate()
      }).pipe(Effect.provide(Layer.mergeAll(Cpu.layer, MemoryStore.layer, watching, NodeServices.layer), { local: true }))
    yield* run(true)
    expect(shown).toBe(0)
    yield* run(false)
    expect(shown).toBe(6) // four updates, a batch, and its end
  })
)

it.effect("uses the optimizer, schedule and loss of the options instead of those of the arguments", () =>
  here(
    Effect.gen(function* () {
      const rates: Array<number> = []
      const trainer = yield* Trainer.make({
        ...base,
        args: { ...args, loggingSteps: 1 },
        optimizers: [Optimizers.sgd(), () => 0.25],
        computeLoss: ({ loss }) => ({ ...loss, sum: tf.mul(loss.sum, 10) }),
        callbacks: [Callback.make({ onLog: ({ logs }) => void rates.push(logs.learning_rate ?? 0) })]
      })
      const plain = yield* Trainer.make(base)
      const batch = yield* inputs
      const ten = (yield* trainer.computeLoss(batch)).loss!
      expect(ten).toBeCloseTo(10 * (yield* plain.computeLoss(batch)).loss!, 5)
      yield* trainer.train()
      expect(rates.slice(0, 4)).toEqual([0.25, 0.25, 0.25, 0.25])
      expect((yield* trainer.createScheduler(10))(3)).toBe(0.25)
      const [context, loss] = [trainer.autocastSmartContextManager, trainer.computeLossContextManager]
      expect([yield* context(Effect.succeed(1)), yield* loss(Effect.succeed(2))]).toEqual([1, 2])
      expect(trainer.createOptimizer().links?.map(({ name }) => name)).toEqual(Optimizers.sgd().links?.map(({ name }) => name))
    })
  )
)

it.effect("trainingStep and predictionStep give loss and gradients, logits and labels of one batch", () =>
  here(
    Effect.gen(function* () {
      const { numTensors } = tf.memory()
      const trainer = yield* Trainer.make(base)
      const batch: HostTensor.HostTensors = yield* inputs
      const { gradients, loss } = yield* trainer.trainingStep(batch)
      expect(Object.keys(gradients).sort()).toEqual(["gain", "lin.bias", "lin.weight"])
      expect(loss).toBeGreaterThan(0)
      const step = yield* trainer.predictionStep(batch)
      expect(EvalPrediction.take(step.logits).shape).toEqual([2, 1])
      expect(EvalPrediction.take(step.labels).shape).toEqual([2])
      // divided by the item count of the loss, as in the Trainer
      const counted = yield* Trainer.make({ ...base, computeLoss: ({ loss }) => ({ ...loss, items: tf.scalar(4) }) })
      const half = yield* counted.trainingStep(batch)
      expect(half.loss).toBeCloseTo(loss / 2, 6)
      expect(half.gradients["lin.bias"]!.data[0]).toBeCloseTo(gradients["lin.bias"]!.data[0]! / 2, 6)
      expect((yield* counted.computeLoss(batch)).loss).toBeCloseTo((yield* trainer.computeLoss(batch)).loss! / 2, 6)
      expect(step.loss).toBeCloseTo((yield* trainer.computeLoss(batch)).loss!, 6)
      expect((yield* trainer.predictionStep(batch, { predictionLossOnly: true })).logits).toBeUndefined()
      expect(tf.memory().numTensors).toBe(numTensors)
    })
  )
)

it.effect("omits ignored outputs from predictions: in evaluations, predictions, loops and steps, and while training", () =>
  here(
    Effect.gen(function* () {
      const seen: Array<ReadonlyArray<string>> = []
      const names = (gathered: EvalPrediction.Gathered | undefined) =>
        gathered === undefined
          ? []
          : EvalPrediction.isTensor(gathered as HostTensor.HostTensor)
            ? ["alone"]
            : Object.keys(gathered)
      const two: Model = {
        ...Tiny.model,
        apply: (parameters, batch, context) => {
          const result = Tiny.model.apply(parameters, batch, context)
          return { ...result, outputs: { ...result.outputs, twice: tf.mul(result.outputs.logits!, 2) } }
        }
      }
      const trainer = yield* Trainer.make({
        ...base,
        model: two,
        args: { ...args, evalStrategy: "steps", evalSteps: 4 },
        computeMetrics: ({ predictions }) => {
          seen.push(names(predictions))
          return {}
        }
      })
      const ignoreKeys = ["twice"]
      yield* trainer.evaluate()
      yield* trainer.evaluate({ ignoreKeys })
      yield* trainer.train()
      seen.length = 2
      yield* trainer.train({ ignoreKeysForEval: ignoreKeys })
      expect(seen.slice(0, 2)).toEqual([["logits", "twice"], ["alone"]])
      expect(new Set(seen.slice(2).flat())).toEqual(new Set(["alone"]))
      const loader = yield* trainer.getTestDataloader(evaluation)
      for (const loop of [trainer.evaluationLoop, trainer.predictionLoop]) {
        expect(names((yield* loop(loader)).predictions)).toEqual(["logits", "twice"])
        expect(names((yield* loop(loader, { ignoreKeys })).predictions)).toEqual(["alone"])
        const lossOnly = yield* loop(loader, { predictionLossOnly: true, metricKeyPrefix: "mine" })
        expect([lossOnly.predictions, typeof lossOnly.metrics.mine_loss]).toEqual([undefined, "number"])
      }
      expect(names((yield* trainer.predict(evaluation, { ignoreKeys })).predictions)).toEqual(["alone"])
      expect(names((yield* trainer.predictionStep(yield* inputs, { ignoreKeys })).logits)).toEqual(["alone"])
    }).pipe(Effect.scoped)
  )
)

it.effect("saves the model, the state, results and a card", () =>
  here(
    Effect.gen(function* () {
      const outputDir = join(mkdtempSync(join(tmpdir(), "regimen-facade-")), "out")
      const trainer = yield* Trainer.make({ ...base, args: { ...args, outputDir } })
      yield* trainer.train()
      yield* trainer.saveModel()
      yield* trainer.saveState()
      yield* trainer.saveMetrics("eval", yield* trainer.evaluate())
      yield* trainer.createModelCard({ modelName: "tiny", license: "mit" })
      expect(readdirSync(outputDir).sort()).toEqual([
        "README.md",
        "all_results.json",
        "eval_results.json",
        "model.safetensors",
        "trainer_state.json",
        "training_args.json"
      ])
      const loaded = yield* ShardedSafetensors.load(outputDir)
      expect(loaded.tensors).toEqual((yield* trainer.weights).parameters)
      const state = JSON.parse(readFileSync(join(outputDir, "trainer_state.json"), "utf8"))
      expect([state.global_step, state.max_steps, state.log_history.length]).toEqual([4, 4, 3])
      expect(readFileSync(join(outputDir, "README.md"), "utf8")).toContain("# tiny")
    })
  )
)

it.effect("saveState writes the callbacks and flags of the last save", () =>
  here(
    Effect.gen(function* () {
      const outputDir = join(mkdtempSync(join(tmpdir(), "regimen-state-")), "out")
      const never = yield* Trainer.make({ ...base, args: { ...args, outputDir, saveStrategy: "no" } })
      yield* never.train()
      yield* never.saveState()
      const initial = JSON.parse(readFileSync(join(outputDir, "trainer_state.json"), "utf8")).stateful_callbacks
      expect(initial.TrainerControl.args).toMatchObject({ should_save: false, should_training_stop: false })
      const once = Callback.make({ onStepEnd: ({ state }) => (state.step === 3 ? { ask: ["save"] as const } : undefined) })
      const saving = yield* Trainer.make({ ...base, args: { ...args, outputDir, saveStrategy: "no" }, callbacks: [once] })
      yield* saving.train()
      yield* saving.saveState()
      const last = JSON.parse(readFileSync(join(outputDir, "trainer_state.json"), "utf8"))
      expect([last.global_step, last.stateful_callbacks.TrainerControl.args]).toMatchObject([
        4,
        { should_save: true, should_training_stop: false }
      ])
    })
  )
)

it.effect("evaluate and log give num_input_tokens_seen if the arguments ask for it", () =>
  here(
    Effect.gen(function* () {
      const seen: Array<number | undefined> = []
      const counting = { ...Tiny.model, mainInput: "x" }
      const trainer = yield* Trainer.make({
        ...base,
        model: counting,
        args: { ...args, includeNumInputTokensSeen: "all" },
        callbacks: [Callback.make({ onEvaluate: ({ metrics }) => void seen.push(metrics.num_input_tokens_seen) })]
      })
      expect((yield* trainer.evaluate()).num_input_tokens_seen).toBe(0)
      yield* trainer.train()
      const { inputTokens } = yield* trainer.state
      expect(inputTokens).toBeGreaterThan(0)
      expect((yield* trainer.evaluate()).num_input_tokens_seen).toBe(inputTokens)
      yield* trainer.log({ own: 1 })
      expect((yield* trainer.logHistory).at(-1)?.values).toEqual({ own: 1, num_input_tokens_seen: inputTokens })
      expect(seen).toEqual([0, inputTokens])
    })
  )
)

it.effect("describes its parameters, optimizer groups and data", () =>
  here(
    Effect.gen(function* () {
      const trainer = yield* Trainer.make({ ...base, args: { ...args, weightDecay: 0.1 }, trainable: (path) => path !== "gain" })
      expect([trainer.isLocalProcessZero, trainer.isWorldProcessZero, trainer.placeModelOnDevice]).toEqual([true, true, true])
      expect([trainer.isModelParallel, trainer.modelWrapped]).toEqual([false, trainer.model])
      expect(yield* trainer.getNumTrainableParameters()).toBe(4)
      expect(yield* trainer.getDecayParameterNames()).toEqual(["lin.weight", "gain"])
      expect(yield* trainer.optimizerGroups()).toEqual([
        { parameters: ["lin.weight"], weightDecay: 0.1 },
        { parameters: ["lin.bias"], weightDecay: 0 }
      ])
      expect((yield* trainer.getOptimizerGroup("lin.bias"))?.weightDecay).toBe(0)
      expect(yield* trainer.getOptimizerGroup("gain")).toBeUndefined()
      yield* trainer.train()
      expect(yield* trainer.getLearningRates()).toEqual([0.0125, 0.0125])
      expect(trainer.getOptimizerClsAndKwargs().kwargs.lr).toBe(0.05)
      const loader = yield* trainer.getTrainDataloader()
      expect(trainer.numExamples(loader)).toBe(8)
      expect(yield* trainer.numTokens(loader)).toBe(0)
      expect((yield* trainer.getEvalDataloader()).size).toBe(5)
      expect((yield* trainer.getTestDataloader(train)).size).toBe(8)
      const [optimizer, scheduler] = yield* trainer.createOptimizerAndScheduler(10)
      expect([optimizer.links?.length, scheduler(0), scheduler(5)]).toEqual([
        trainer.createOptimizer().links?.length,
        0.05,
        0.025
      ])
    }).pipe(Effect.scoped)
  )
)

it.effect("rejects missing data and unknown options before anything runs", () =>
  here(
    Effect.gen(function* () {
      const { model: _, trainDataset: __, evalDataset: ___, ...none } = base
      const message = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E, Trainer.Services>) =>
        Effect.map(Effect.flip(effect), (error) => error.message)
      expect(yield* message(Trainer.make({ ...none }))).toContain("no model")
      expect(yield* message(Trainer.make({ ...base, args: { fp16: true } }))).toContain("fp16")
      const withoutData = yield* Trainer.make({ ...none, model: Tiny.model })
      expect(yield* message(withoutData.train())).toContain("trainDataset")
      expect(yield* message(withoutData.evaluate())).toContain("evalDataset")
      const trainer = yield* Trainer.make(base)
      expect(yield* message(trainer.train({ trial: 1 } as object))).toContain("search of hyperparameters")
      expect(yield* message(trainer.train({ modelPath: "x" } as object))).toContain("no option modelPath")
      expect(yield* message(trainer.train({ resumeFromCheckpoint: true }))).toContain("no checkpoint")
      for (const refused of [
        trainer.pushToHub(),
        trainer.initHfRepo(),
        trainer.hyperparameterSearch(),
        trainer.propagateArgsToDeepspeed()
      ])
        expect((yield* Effect.flip(refused))._tag).toBe("NotSupported")
      expect(trainer.args.outputDir).toBe("trainer_output")
      expect((yield* Trainer.make({ model: Tiny.model })).args.outputDir).toBe("tmp_trainer")
    })
  )
)

it.effect("log writes given values", () =>
  Effect.gen(function* () {
    const entries: Array<Entry> = []
    yield* here(
      Effect.gen(function* () {
        const trainer = yield* Trainer.make(base)
        yield* trainer.log({ temperature: 3 })
        expect((yield* trainer.logHistory).map(({ values }) => values)).toEqual([{ temperature: 3 }])
      }),
      entries
    )
    expect(entries).toMatchObject([{ _tag: "Scalars", values: { temperature: 3 } }])
  })
)

const outputDir = join(mkdtempSync(join(tmpdir(), "regimen-facade-")), "out")
it.effect("a tokenizer pads the batches, and is saved with every checkpoint and with the model", () =>
  Effect.gen(function* () {
    const tokenizer = Tokenizer.bytes()
    const rows = ["ab", "abcd", "a", "abc"].map((text, labels) => ({ ...Tokenizer.encode(tokenizer, text), labels: labels % 2 }))
    const model: Model = {
      files: { "config.json": "{}" },
      init: () => ({ w: HostTensor.ones([4]) }),
      apply: ({ w }, { input_ids, attention_mask }) => {
        const logits = tf.mean(tf.mul(tf.cast(input_ids!, "float32"), tf.cast(attention_mask!, "float32")), 1)
        return { outputs: { logits }, loss: { sum: tf.mul(tf.sum(logits), tf.sum(w!)), count: tf.scalar(2) } }
      }
    }
    const trainer = yield* Trainer.make({
      model,
      args: { outputDir, maxSteps: 1, perDeviceTrainBatchSize: 4, learningRate: 1e-4 },
      trainDataset: Dataset.fromArray(rows),
      tokenizer
    })
    yield* trainer.train()
    yield* trainer.saveModel()
    for (const folder of [outputDir, join(outputDir, "checkpoint-1")]) {
      expect(readFileSync(join(folder, "tokenizer.json"), "utf8")).toBe(tokenizer.files["tokenizer.json"])
      expect(readFileSync(join(folder, "config.json"), "utf8")).toBe("{}")
    }
    const padless = yield* Effect.flip(
      (yield* Trainer.make({ model, trainDataset: Dataset.fromArray(rows), tokenizer: { ...tokenizer, special: {} } })).train()
    )
    expect(padless._tag).toBe("EncodeError")
    yield* (yield* Trainer.make({
      model,
      args: { outputDir, maxSteps: 1 },
      trainDataset: Dataset.fromArray(rows),
      tokenizer
    })).train({
      resumeFromCheckpoint: true
    })
  }).pipe(
    Effect.provide(
      FileSystemStore.layer({ directory: outputDir }).pipe(
        Layer.provideMerge(Layer.mergeAll(Cpu.layer, Tiny.logger(), NodeServices.layer))
      ),
      { local: true }
    )
  )
)

it.effect("a Trainer's methods within a callback use the present weights, and those of the run at its end", () =>
  here(
    Effect.gen(function* () {
      const seen: Array<{ loss: number | undefined; predictions: string; weights: string }> = []
      const trainer = yield* Trainer.make(base)
      const present = Effect.gen(function* () {
        const { predictions } = yield* trainer.predict(evaluation)
        const { loss } = yield* trainer.computeLoss(yield* inputs)
        const { parameters } = yield* trainer.weights
        return {
          loss,
          predictions: String(EvalPrediction.take(predictions).data),
          weights: String(parameters["lin.weight"]!.data)
        }
      })
      const recorded = Effect.map(present, (now) => void seen.push(now))
      yield* trainer.addCallback(Callback.make({ onStepEnd: () => Effect.orDie(recorded) }))
      const before = yield* present
      yield* trainer.train()
      const all = [before, ...seen]
      for (const what of ["loss", "predictions", "weights"] as const) expect(new Set(all.map((at) => at[what])).size).toBe(5)
      expect(yield* present).toEqual(seen.at(-1))
    })
  )
)

it.effect("callbacks of an evaluation outside of a training get the Trainer's weights, arguments and loader", () =>
  here(
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const trainer = yield* Trainer.make({
        ...base,
        callbacks: [
          Callback.make({
            onEvaluate: ({ metrics, run }) =>
              Effect.map(run.evaluate(), ({ eval_loss }) => {
                const sets = Object.keys(run.evalDataloaders)
                seen.push(eval_loss === metrics.eval_loss, run.args?.maxSteps, run.trainDataloader, sets)
              })
          })
        ]
      })
      yield* trainer.evaluate()
      expect(seen).toEqual([true, 4, undefined, ["eval"]])
    })
  )
)
