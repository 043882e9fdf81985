/** What throws in a function of the user's is an error that names it; what it may rely on is there, or named. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as EvalPrediction from "../../../src/Evaluation/EvalPrediction.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import type { Model } from "../../../src/Model/Model.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

const train = Dataset.fromArray(Tiny.rows(8))
const base: Trainer.TrainerOptions<ReturnType<typeof Tiny.rows>[number]> = {
  model: Tiny.model,
  args: { maxSteps: 3, perDeviceTrainBatchSize: 2, saveStrategy: "no", evalStrategy: "steps", evalSteps: 2 },
  dataCollator: Tiny.collate,
  trainDataset: train,
  evalDataset: train
}
const here = <A, E>(effect: Effect.Effect<A, E, Trainer.Services>) =>
  Effect.provide(effect, Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(), NodeServices.layer), { local: true })
const boom = (): never => {
  throw new Error("boom")
}
const failure = (options: Partial<typeof base>) =>
  Effect.flatMap(Trainer.make({ ...base, ...options }), (trainer) => Effect.flip(trainer.train()))

it.effect("names the function that failed, at any stage, and leaves no tensor", () =>
  here(
    Effect.gen(function* () {
      const { numTensors } = tf.memory()
      expect(yield* failure({ computeLoss: boom })).toMatchObject({ _tag: "FunctionFailed", message: "computeLoss failed: boom" })
      expect(yield* failure({ preprocessLogitsForMetrics: boom, computeMetrics: () => ({}) })).toMatchObject({
        _tag: "FunctionFailed",
        message: "preprocessLogitsForMetrics failed: boom"
      })
      expect((yield* failure({ computeMetrics: boom })).message).toBe('computeMetrics failed on the set "eval": boom')
      expect((yield* failure({ computeMetrics: () => undefined as never })).message).toContain("it returned undefined")
      expect((yield* failure({ dataCollator: boom })).message).toBe("dataCollator failed: boom")
      let calls = 0
      const late = yield* failure({ computeLoss: ({ loss }) => (++calls > 6 ? boom() : loss) })
      expect(late).toMatchObject({ _tag: "FunctionFailed", function: "computeLoss" })
      const trainer = yield* Trainer.make({ ...base, computeLoss: boom })
      const batch = yield* Effect.flatMap(train.rows([0, 1]), (rows) => Tiny.collate(rows, [0, 1]))
      expect(yield* Effect.flip(trainer.computeLoss(batch))).toMatchObject({ function: "computeLoss" })
      expect(tf.memory().numTensors).toBe(numTensors)
    })
  )
)

it.effect("computeLoss reads logits, labels and the loss; a missing one is named in the error", () =>
  here(
    Effect.gen(function* () {
      const mean = { computeLoss: ({ loss }: { readonly loss: { readonly sum: tf.Tensor; readonly count: tf.Tensor } }) => loss }
      const silent: Model = { ...Tiny.model, apply: (...given) => ({ outputs: Tiny.model.apply(...given).outputs }) }
      expect(yield* failure({ ...mean, model: silent })).toMatchObject({ _tag: "MissingField", by: "computeLoss", field: "loss" })
      const other: Model = {
        ...Tiny.model,
        apply: (...given) => {
          const { outputs, ...rest } = Tiny.model.apply(...given)
          return { ...rest, outputs: { scores: outputs.logits! } }
        }
      }
      const sum = {
        computeLoss: ({ outputs }: { outputs: { logits: tf.Tensor } }) => ({ sum: tf.sum(outputs.logits), count: tf.scalar(1) })
      }
      expect(yield* failure({ ...sum, model: other })).toMatchObject({ by: "computeLoss", field: "logits", there: ["scores"] })
      const wants = yield* failure({ computeLoss: (_, { weights }) => ({ sum: tf.sum(weights!), count: tf.scalar(1) }) })
      expect(wants).toMatchObject({ _tag: "MissingField", by: "computeLoss", field: "weights" })
    })
  )
)

it.effect("predicts rows without labels, without a loss", () =>
  here(
    Effect.gen(function* () {
      const unlabelled: Model = {
        ...Tiny.model,
        apply: (parameters, { labels, ...batch }, context) => {
          const { loss, ...rest } = Tiny.model.apply(parameters, { ...batch, labels: labels ?? tf.zeros([5]) }, context)
          return labels === undefined ? rest : { ...rest, loss: loss! }
        }
      }
      const trainer = yield* Trainer.make({
        ...base,
        model: unlabelled,
        computeLoss: ({ outputs }, { labels }) => ({
          sum: tf.sum(tf.sub(tf.squeeze(outputs.logits), labels)),
          count: tf.scalar(1)
        })
      })
      const rows = Dataset.fromArray(Tiny.rows(5).map(({ x }) => ({ x, label: 0 })))
      const bare = {
        ...rows,
        rows: (indices: ReadonlyArray<number>) => Effect.map(rows.rows(indices), (all) => all.map(({ x }) => ({ x })))
      }
      const { metrics, predictions } = yield* trainer.predict(bare as never)
      expect(EvalPrediction.take(predictions).shape).toEqual([5, 1])
      expect(metrics).not.toHaveProperty("test_loss")
      expect((yield* trainer.predict(rows)).metrics).toHaveProperty("test_loss")
    })
  )
)
