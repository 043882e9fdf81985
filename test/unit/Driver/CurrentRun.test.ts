/** Callbacks evaluate, predict and read the run with its present weights, and pay nothing for what they do not use. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Dataset from "../../../src/Data/Dataset.ts"
import * as Callback from "../../../src/Driver/Callback.ts"
import type { CurrentRun } from "../../../src/Driver/CurrentRun.ts"
import * as EvalPrediction from "../../../src/Evaluation/EvalPrediction.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import type { HostWeights } from "../../../src/Tensor/Weights.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({
  horizon: Horizon.make({ batchesPerEpoch: 6, epochs: 1, accumulation: 2 }),
  learningRate: LearningRate.linear({ peak: 0.1, warmup: 0 }),
  evaluate: Trigger.every(1),
  sets: ["eval"]
})

const train = (callbacks: ReadonlyArray<Callback.Callback<unknown>>) =>
  Effect.gen(function* () {
    return yield* Trainer.train(yield* Tiny.task(), plan, { callbacks })
  })

const here = <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof Tiny.layers>>>) =>
  Effect.provide(effect, Tiny.layers(), { local: true })

it.effect("evaluates and predicts with the weights of the event", () =>
  here(
    Effect.gen(function* () {
      const own: Array<number | undefined> = []
      const evaluated: Array<number | undefined> = []
      const predictions: Array<ReadonlyArray<number>> = []
      const weights: Array<HostWeights> = []
      yield* train([
        Callback.make({
          onStepEnd: Effect.fnUntraced(function* ({ run }: Callback.CallbackEvent<"StepEnded">) {
            evaluated.push((yield* run.evaluate()).eval_loss)
            const batch = yield* Tiny.collate(Tiny.rows(2), [0, 1])
            predictions.push([...EvalPrediction.take((yield* run.predict(batch)).predictions).data])
            weights.push(yield* run.weights)
          }),
          onEvaluate: ({ metrics }) => void own.push(metrics.eval_loss)
        })
      ])
      expect(evaluated).toEqual(own)
      expect(new Set(evaluated).size).toBe(3)
      expect(new Set(predictions.map(String)).size).toBe(3)
      expect(new Set(weights.map(({ parameters }) => String(parameters["lin.weight"]!.data))).size).toBe(3)
      expect(Object.keys(weights[0]!.slots).length).toBeGreaterThan(0)
    })
  )
)

it.effect("has the learning rate of the next update, the optimizer, the model and the loaders", () =>
  here(
    Effect.gen(function* () {
      const rates: Array<number> = []
      let run: CurrentRun | undefined
      yield* train([
        Callback.make({
          onStepEnd: (event) => {
            rates.push(event.run.learningRate)
            run = event.run
          }
        })
      ])
      expect(rates.map((rate) => Math.round(rate * 1e6) / 1e6)).toEqual([0.066667, 0.033333, 0])
      expect(run!.model).toBe(Tiny.model)
      expect(run!.trainDataloader!.batchesPerEpoch).toBe(6)
      expect(Object.keys(run!.evalDataloaders)).toEqual(["eval"])
      expect(Object.keys(run!.optimizer.scalars({ step: 0, learningRate: 1 }))).not.toEqual([])
      expect([run!.args, run!.tokenizer]).toEqual([undefined, undefined])
    })
  )
)

it.effect("refuses to generate with a model that is no transformer, by a typed error", () =>
  here(
    Effect.gen(function* () {
      const generating = Callback.make({
        onStepEnd: ({ run }) => Effect.asVoid(run.generate({ input_ids: HostTensor.fromArray([[1]], "int32") }))
      })
      expect(yield* Effect.flip(train([generating]))).toMatchObject({ _tag: "InvalidGeneration", field: "model" })
    })
  )
)

it.effect("leaves no tensor on the device, also if the run uses the weights at each step", () =>
  here(
    Effect.gen(function* () {
      const before = tf.memory().numTensors
      const counts: Array<number> = []
      yield* train([
        Callback.make({
          onStepEnd: ({ run }) => Effect.map(run.evaluate(), () => void counts.push(tf.memory().numTensors))
        })
      ])
      expect(new Set(counts).size).toBe(1)
      expect(tf.memory().numTensors).toBe(before)
    })
  )
)

/** Counts the operations of the device. */
const counting = (counts: Record<string, number>) =>
  Layer.effect(
    Device,
    Effect.map(Device, (device) => {
      const count = (name: string) => {
        counts[name] = (counts[name] ?? 0) + 1
      }
      return {
        ...device,
        put: (tensors) =>
          Effect.andThen(
            Effect.sync(() => count("put")),
            device.put(tensors)
          ),
        read: (tensors) =>
          Effect.andThen(
            Effect.sync(() => count("read")),
            device.read(tensors)
          ),
        run: (during, f) =>
          Effect.andThen(
            Effect.sync(() => count("run")),
            device.run(during, f)
          )
      } satisfies Device["Service"]
    })
  ).pipe(Layer.provide(Cpu.layer))

it.effect("runs no operation on the device unless it is used", () =>
  Effect.gen(function* () {
    const counted = Effect.fnUntraced(function* (callbacks: ReadonlyArray<Callback.Callback<unknown>>) {
      const counts: Record<string, number> = {}
      const layers = Layer.mergeAll(counting(counts), Tiny.optimizer, Tiny.store().layer, Tiny.logger())
      yield* Effect.provide(train(callbacks), layers, { local: true })
      return counts
    })
    const without = yield* counted([])
    const unused = yield* counted([Callback.make({ onStepEnd: ({ run }) => void run, onEvaluate: ({ run }) => void run.model })])
    expect(unused).toEqual(without)
    expect(without.run).toBeGreaterThan(3)
  })
)

it.effect("a callback of a Trainer predicts and evaluates rows, as the Trainer's methods do", () =>
  Effect.gen(function* () {
    const rows = Tiny.rows(5)
    const found: Array<unknown> = []
    const trainer = yield* Trainer.make({
      model: Tiny.model,
      args: { maxSteps: 1, perDeviceTrainBatchSize: 2, saveStrategy: "no" },
      dataCollator: Tiny.collate,
      trainDataset: rows,
      evalDataset: rows,
      callbacks: [
        Callback.make({
          onStepEnd: Effect.fnUntraced(function* ({ run }: Callback.CallbackEvent<"StepEnded">) {
            const { metrics, predictions } = yield* run.predict(rows)
            const { mine_loss } = yield* run.evaluate(Dataset.fromArray(rows), "mine")
            const { eval_loss } = yield* run.evaluate()
            found.push([EvalPrediction.take(predictions).shape, metrics.test_loss === eval_loss, mine_loss === eval_loss])
            const wrong = [yield* Effect.flip(run.predict([{ x: "a", label: 1 }])), yield* Effect.flip(run.predict(3 as never))]
            found.push(wrong.map(({ _tag, message }) => [_tag, message.slice(0, 36)]))
          })
        })
      ]
    })
    yield* trainer.train()
    expect(found).toEqual([
      [[5, 1], true, true],
      [
        ["DataError", 'row 0, column "x": holds text "a" wh'],
        ["DataError", "Expected a loader, a batch of tensor"]
      ]
    ])
  }).pipe(Effect.provide(Layer.mergeAll(Tiny.layers(), NodeServices.layer)))
)

it.effect("rows that need a collator are a typed error in a run without one", () =>
  here(
    Effect.gen(function* () {
      const messages: Array<string> = []
      const onStepEnd = Effect.fnUntraced(function* ({ run }: Callback.CallbackEvent<"StepEnded">) {
        for (const data of [Tiny.rows(5), [], {}, { ...(yield* Tiny.collate(Tiny.rows(2), [0, 1])), ids: [1, 2] }, { batch: 2 }])
          messages.push((yield* Effect.flip(run.predict(data as never))).message)
        const { predictions } = yield* run.predict(yield* Tiny.loader(3, 2))
        expect(EvalPrediction.take(predictions).shape[0]).toBe(3)
      })
      yield* train([Callback.make({ onStepEnd })])
      expect(new Set(messages)).toEqual(
        new Set([
          "Expected a loader or a batch of tensors. Make a loader of rows with Loader.make({ dataset: Dataset.fromArray(rows), batchSize: 8 })."
        ])
      )
    })
  )
)

it.effect("evaluates a model with buffers", () =>
  here(
    Effect.gen(function* () {
      const values: Array<number | undefined> = []
      const evaluating = Callback.make({
        onStepEnd: ({ run }) => Effect.map(run.evaluate(), ({ eval_loss }) => void values.push(eval_loss))
      })
      const task = yield* Tiny.task()
      const model = { ...task.model, buffers: () => ({ one: HostTensor.scalar(1) }) }
      const before = tf.memory().numTensors
      yield* Trainer.train({ ...task, model }, plan, { callbacks: [evaluating] })
      expect(values).toHaveLength(3)
      expect(tf.memory().numTensors).toBe(before)
    })
  )
)
