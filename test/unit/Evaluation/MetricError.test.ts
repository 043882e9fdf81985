/** A metric that cannot be computed is a typed error that names it, found before step 0 where the data and the model decide it. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Accuracy from "../../../src/Metrics/Accuracy.ts"
import * as Fraction from "../../../src/Metrics/Fraction.ts"
import type { Metric } from "../../../src/Metrics/Metric.ts"
import * as SquaredError from "../../../src/Metrics/SquaredError.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({
  horizon: Horizon.make({ batchesPerEpoch: 6, epochs: 1 }),
  learningRate: LearningRate.constant({ peak: 0.01 }),
  evaluate: Trigger.every(2),
  sets: ["eval"]
})

/** The error of a run with a metric, and the updates that were made before it. */
const failure = (metric: Metric<unknown>) =>
  Effect.gen(function* () {
    const { evaluation, train } = yield* Tiny.task()
    const task = { ...Trainer.task({ model: Tiny.model, train, metrics: [metric] }), evaluation }
    let steps = 0
    const observe = { StepEnded: () => Effect.sync(() => [void steps++].flatMap(() => [])) }
    const error = yield* Effect.flip(Trainer.train(task, plan, { observe }))
    return { error, steps }
  }).pipe(Effect.provide(Tiny.layers(), { local: true }))

const boom = (): never => {
  throw new Error("boom")
}

const own: Metric<Fraction.Fraction> = Fraction.fromSums("mine", () => ({ sum: tf.scalar(1), count: tf.scalar(1) }))

it.effect("an output that does not exist is named with those that do, before step 0", () =>
  Effect.gen(function* () {
    const { error, steps } = yield* failure(SquaredError.make({ predictions: "scores" }) as Metric<unknown>)
    expect(error).toMatchObject({
      _tag: "MetricInputMissing",
      metric: "mse",
      among: "outputs",
      field: "scores",
      there: ["logits"]
    })
    expect(error.message).toBe(
      'The metric "mse" needs the output "scores", and the model has logits. Give the metric the name of another output.'
    )
    expect(steps).toBe(0)
  })
)

it.effect("a field of the batch that does not exist is named with those that do", () =>
  Effect.gen(function* () {
    const { error } = yield* failure(SquaredError.make({ labels: "target" }) as Metric<unknown>)
    expect(error).toMatchObject({
      _tag: "MetricInputMissing",
      metric: "mse",
      among: "batch",
      field: "target",
      there: ["x", "labels"]
    })
  })
)

it.effect("shapes that a metric refuses name the metric", () =>
  Effect.gen(function* () {
    const { error, steps } = yield* failure(Accuracy.make({ labels: "x" }) as Metric<unknown>)
    expect(error).toMatchObject({ _tag: "MetricFailed", metric: "accuracy" })
    expect([error.message.includes("[2,1]"), steps]).toEqual([true, 0])
  })
)

it.effect("a user's metric that throws is named, wherever it throws, and no tensor is left", () =>
  Effect.gen(function* () {
    // The first run registers the backend, without which `tf.memory` fails.
    yield* failure({ ...own, measure: boom } as Metric<unknown>)
    const { numTensors } = tf.memory()
    for (const part of ["measure", "update", "finish", "figures"] as const) {
      const { error, steps } = yield* failure({ ...own, [part]: boom } as Metric<unknown>)
      expect([error._tag, error.message, steps]).toEqual(["MetricFailed", 'The metric "mine" failed: boom', 0])
    }
    expect(tf.memory().numTensors).toBe(numTensors)
  })
)
