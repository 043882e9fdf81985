/** The arguments of `computeMetrics`, and how each option changes them. */
import { Context, Effect, Layer } from "effect"
import { describe, expect } from "vitest"
import * as Evaluation from "../../../src/Evaluation/Evaluation.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import * as Metric from "../../../src/Metrics/Metric.ts"
import * as Reduction from "../../../src/Step/Reduction.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import { type Tensor, tf } from "../../../src/Tensor/Tensor.ts"
import * as Evaluated from "../../support/evaluated.ts"
import * as Scoring from "../../support/scoring.ts"

const { labels, plain, rows, scores, seen } = Evaluated

describe("computeMetrics gets", () => {
  Evaluated.it("a single output and a single label as tensors", () =>
    Effect.gen(function* () {
      const { given, result } = yield* seen({})
      expect(given.map(plain)).toEqual([{ predictions: scores, labelIds: labels, computeResult: true }])
      expect(Object.keys(result.metrics)).toEqual(["eval_loss", "eval_n"])
    })
  )

  Evaluated.it("several outputs and labels by name, in the model's order", () =>
    Effect.gen(function* () {
      const { given } = yield* seen({ labelNames: ["labels", "x"] }, { model: Scoring.model })
      expect(Object.keys(given[0]!.predictions)).toEqual(["logits", "score"])
      expect(plain(given[0]!)).toMatchObject({ predictions: { score: scores }, labelIds: { labels } })
      expect(Object.keys(given[0]!.labelIds)).toEqual(["labels", "x"])
    })
  )

  Evaluated.it("inputs and losses if includeForMetrics has them; a row has its batch's loss", () =>
    Effect.gen(function* () {
      const { given } = yield* seen({ includeForMetrics: ["inputs", "loss"] })
      const errors = scores.map((score, i) => (score - labels[i]!) ** 2)
      const first = (errors[0]! + errors[1]!) / 2
      expect(plain(given[0]!)).toMatchObject({ inputs: rows.map(({ x }) => x), losses: [first, first, errors[2]] })
      const two = { ...Scoring.single, inputs: ["labels", "x"] }
      const several = yield* seen({ includeForMetrics: ["inputs"] }, { model: two })
      expect(Object.keys(several.given[0]!.inputs!)).toEqual(["labels", "x"])
      const main = yield* seen({ includeForMetrics: ["inputs"] }, { model: { ...two, mainInput: "x" } })
      expect(plain(main.given[0]!)).toMatchObject({ inputs: rows.map(({ x }) => x) })
      const undeclared = yield* seen(
        { includeForMetrics: ["inputs"] },
        { model: { init: Scoring.model.init, apply: Scoring.single.apply } }
      )
      expect(plain(undeclared.given[0]!)).toEqual(plain({ ...(yield* seen({ includeForMetrics: ["inputs"] })).given[0]! }))
    })
  )

  Evaluated.it("batches one by one without evalDoConcatBatches", () =>
    Effect.gen(function* () {
      const { given } = yield* seen({ evalDoConcatBatches: false, includeForMetrics: ["loss"] })
      expect(plain(given[0]!)).toMatchObject({ predictions: [scores.slice(0, 2), scores.slice(2)], labelIds: [[0, 2], [4]] })
      expect(plain(given[0]!).losses).toHaveLength(2)
    })
  )

  Evaluated.it("one batch after the other with batchEvalMetrics; the last one's result counts", () =>
    Effect.gen(function* () {
      const { given, result } = yield* seen({ batchEvalMetrics: true, evalDoConcatBatches: false })
      expect(given.map(plain)).toEqual([
        { predictions: scores.slice(0, 2), labelIds: [0, 2], computeResult: false },
        { predictions: scores.slice(2), labelIds: [4], computeResult: true }
      ])
      expect(result.metrics.eval_n).toBe(2)
      const unknown = { ...Scoring.loader(rows, 2), batchesPerEpoch: Infinity }
      expect((yield* seen({ batchEvalMetrics: true }, { loader: unknown })).given.map((one) => one.computeResult)).toEqual([
        false,
        true
      ])
    })
  )

  Evaluated.it("the result of preprocessLogitsForMetrics", () =>
    Effect.gen(function* () {
      const doubled = (logits: unknown, labels: unknown) => tf.add(tf.mul(logits as Tensor, 0), labels as Tensor)
      expect(plain((yield* seen({ preprocessLogitsForMetrics: doubled })).given[0]!)).toMatchObject({ predictions: labels })
      const named = (logits: unknown) => ({ a: logits as Tensor, b: logits as Tensor })
      expect(plain((yield* seen({ preprocessLogitsForMetrics: named })).given[0]!)).toMatchObject({
        predictions: { a: scores, b: scores }
      })
      const unlabelled: Array<unknown> = []
      yield* Effect.scoped(
        Evaluation.predictAll({
          model: Scoring.single,
          weights: yield* Scoring.weights,
          loader: Scoring.loader([{ x: [1] }], 1),
          metrics: Scoring.metrics,
          collect: {
            preprocessLogitsForMetrics: (logits, labels) => {
              unlabelled.push(labels)
              return logits
            }
          }
        })
      )
      expect(unlabelled).toEqual([undefined])
    }).pipe(Effect.scoped)
  )

  Evaluated.it("no ignored outputs, by default no past key values", () =>
    Effect.gen(function* () {
      const { given } = yield* seen({ ignoreKeys: ["logits"] }, { model: Scoring.model })
      expect(plain(given[0]!)).toMatchObject({ predictions: scores })
      const past: typeof Scoring.single = {
        ...Scoring.single,
        apply: (parameters, batch, context) => {
          const { outputs, ...rest } = Scoring.single.apply(parameters, batch, context)
          return { ...rest, outputs: { ...outputs, past_key_values: batch.x! } }
        }
      }
      expect(plain((yield* seen({}, { model: past })).given[0]!)).toMatchObject({ predictions: scores })
      expect(Object.keys((yield* seen({ ignoreKeys: [] }, { model: past })).given[0]!.predictions)).toEqual([
        "score",
        "past_key_values"
      ])
    })
  )

  Evaluated.it("no call without labels, without outputs, or with predictionLossOnly", () =>
    Effect.gen(function* () {
      const unlabelled = Scoring.loader([{ x: [1, 2] }], 1)
      const silent: typeof Scoring.model = {
        ...Scoring.model,
        apply: (parameters, batch, context) => ({ ...Scoring.model.apply(parameters, batch, context), outputs: {} })
      }
      expect((yield* seen({}, { loader: unlabelled })).given).toEqual([])
      expect((yield* seen({}, { loader: unlabelled })).result.metrics).toEqual({})
      expect((yield* seen({ batchEvalMetrics: true }, { loader: unlabelled })).given).toEqual([])
      expect((yield* seen({}, { model: silent })).given).toEqual([])
      const only = yield* seen({ predictionLossOnly: true })
      expect([only.given, Object.keys(only.result.metrics)]).toEqual([[], ["eval_loss"]])
      expect((yield* seen({ labelNames: ["y"] })).given).toEqual([])
      expect((yield* seen({ labelNames: ["labels", "y"] })).given).toEqual([])
    })
  )
})

describe("labels are", () => {
  const question = {
    batchesPerEpoch: 1,
    size: 1,
    batch: (_: number, index: number) =>
      Effect.succeed(
        index > 0
          ? undefined
          : {
              rows: 1,
              tensors: {
                x: HostTensor.fromArray([[1, 2]]),
                start_positions: HostTensor.fromArray([3]),
                end_positions: HostTensor.fromArray([4])
              }
            }
      )
  }
  const open: typeof Scoring.model = {
    init: Scoring.model.init,
    apply: (parameters, { x }, context) => Scoring.single.apply(parameters, { x: x! }, context)
  }

  Evaluated.it("the positions of question answering by default", () =>
    Effect.gen(function* () {
      const { given } = yield* seen({}, { model: open, loader: question })
      expect(plain(given[0]!).labelIds).toEqual({ start_positions: [3], end_positions: [4] })
      const both = {
        ...question,
        batch: (epoch: number, index: number) =>
          Effect.map(
            question.batch(epoch, index),
            (batch) => batch && { ...batch, tensors: { ...batch.tensors, labels: HostTensor.fromArray([5]) } }
          )
      }
      expect(plain((yield* seen({}, { model: open, loader: both })).given[0]!).labelIds).toEqual([5])
    })
  )

  Evaluated.it("those that the model declares, or labelNames", () =>
    Effect.gen(function* () {
      const declared = yield* seen({}, { model: { ...open, labels: ["end_positions"] }, loader: question })
      expect(plain(declared.given[0]!).labelIds).toEqual([4])
      const named = yield* seen(
        { labelNames: ["start_positions"] },
        { model: { ...open, labels: ["end_positions"] }, loader: question }
      )
      expect(plain(named.given[0]!).labelIds).toEqual([3])
    })
  )
})

Evaluated.it("averages a batch's loss by the reduction", () =>
  Effect.gen(function* () {
    const counted: typeof Scoring.model = {
      ...Scoring.single,
      apply: (parameters, batch, context) => {
        const { loss, ...rest } = Scoring.single.apply(parameters, batch, context)
        return { ...rest, loss: { ...loss!, items: tf.scalar(8) } }
      }
    }
    const losses = Effect.fnUntraced(function* (options: Partial<Evaluation.Options>) {
      const { given } = yield* seen(
        { includeForMetrics: ["loss"] },
        { model: counted, loader: Scoring.loader(rows, 3), ...options }
      )
      return (plain(given[0]!).losses as ReadonlyArray<number>)[0]!
    })
    expect(yield* losses({})).toBeCloseTo((yield* losses({ reduction: Reduction.trainer })) * (8 / 3), 4)
  })
)

Evaluated.it("refuses to concatenate batches of different shapes, and lists them without evalDoConcatBatches", () =>
  Effect.gen(function* () {
    let depth = 1
    const growing: typeof Scoring.model = {
      ...Scoring.model,
      apply: (parameters, batch, context) => {
        const { loss, outputs } = Scoring.single.apply(parameters, batch, context)
        return {
          ...(loss === undefined ? {} : { loss }),
          outputs: { deep: tf.tile(tf.reshape(outputs.score!, [-1, 1, 1]), [1, 1, depth++]) }
        }
      }
    }
    const error = yield* Effect.flip(seen({}, { model: growing }))
    expect(error).toMatchObject({ _tag: "NotJoined", set: "eval", what: "predictions" })
    expect(error.message).toMatch(/\[1,1,2\] cannot be concatenated with \[2,1,1\].*eval_do_concat_batches/s)
    expect((yield* seen({ evalDoConcatBatches: false }, { model: growing })).given).toHaveLength(1)
  })
)

Evaluated.it("makes a scalar output of a batch a row", () =>
  Effect.gen(function* () {
    const mean: typeof Scoring.model = {
      ...Scoring.model,
      apply: (parameters, batch, context) => {
        const { outputs, ...rest } = Scoring.single.apply(parameters, batch, context)
        return { ...rest, outputs: { mean: tf.mean(outputs.score!) } }
      }
    }
    expect(plain((yield* seen({}, { model: mean })).given[0]!).predictions).toEqual([3.75, 12.75])
  })
)

Evaluated.it("does not free an output that is a parameter", () =>
  Effect.gen(function* () {
    const weights = yield* Scoring.weights
    const leaking: typeof Scoring.model = {
      ...Scoring.single,
      apply: (parameters, batch, context) => ({
        ...Scoring.single.apply(parameters, batch, context),
        outputs: { gain: parameters.gain!, x: batch.x! }
      })
    }
    yield* seen({}, { model: leaking, weights })
    expect(weights.parameters.gain!.isDisposed).toBe(false)
  }).pipe(Effect.scoped)
)

Evaluated.it("runs the compiled step with jitModeEval", () =>
  Effect.gen(function* () {
    const device = yield* Device
    let compiled = 0
    let calls = 0
    const counting = Layer.succeedContext(
      Context.make(Device, {
        ...device,
        compile: <I, O>(f: (input: I) => O) => {
          compiled++
          return (input: I) => {
            calls++
            return f(input)
          }
        }
      })
    )
    const plainly = yield* seen({}).pipe(Effect.provide(counting))
    expect([compiled, calls]).toEqual([0, 0])
    const jit = yield* seen({ jitModeEval: true }).pipe(Effect.provide(counting))
    expect([compiled, calls]).toEqual([1, 2])
    expect([jit.given, jit.result.metrics]).toEqual([plainly.given, plainly.result.metrics])
  })
)

Evaluated.it("calls both hooks after each batch, in order", () =>
  Effect.gen(function* () {
    const calls: Array<string> = []
    yield* seen(
      {
        batchEvalMetrics: true,
        computeMetrics: (_, { computeResult }) => {
          calls.push(`compute ${computeResult}`)
          return {}
        }
      },
      {
        progress: (done) => void calls.push(`progress ${done}`),
        onBatch: (done) => Effect.sync(() => void calls.push(`onBatch ${done}`))
      }
    )
    expect(calls).toEqual(["compute false", "progress 1", "onBatch 1", "compute true", "progress 2", "onBatch 2"])
  })
)

Evaluated.it("collects predictions also with batchEvalMetrics, under the prefix test", () =>
  Effect.gen(function* () {
    const calls: Array<boolean> = []
    const given = {
      model: Scoring.single,
      weights: yield* Scoring.weights,
      loader: Scoring.loader(rows, 2),
      metrics: Scoring.metrics
    }
    const predicted = yield* Evaluation.predictAll({
      ...given,
      collect: {
        batchEvalMetrics: true,
        computeMetrics: (_, { computeResult }) => ({ n: calls.push(computeResult) })
      }
    })
    expect(calls).toEqual([false, true])
    expect([Scoring.plain(predicted.predictions), Scoring.plain(predicted.labelIds)]).toEqual([scores, labels])
    expect(Object.keys(predicted.metrics)).toEqual(["test_loss", "test_n"])
    const only = yield* Evaluation.predictAll({ ...given, set: "far", collect: { predictionLossOnly: true } })
    expect([only.predictions, only.labelIds, Object.keys(only.metrics)]).toEqual([undefined, undefined, ["far_loss"]])
  }).pipe(Effect.scoped)
)

Evaluated.it("a prediction without labels computes no metric that needs them", () =>
  Effect.gen(function* () {
    const strict: Metric.Metric<unknown> = {
      names: ["strict"],
      empty: 0,
      measure: (_, batch) => ({ y: batch.labels!.clone() }),
      update: () => 1,
      combine: () => 1,
      finish: () => ({ strict: 1 })
    }
    const predict = Effect.fnUntraced(function* (rows: ReadonlyArray<Scoring.Row>) {
      const weights = yield* Scoring.weights
      return yield* Evaluation.predictAll({
        model: Scoring.single,
        weights,
        loader: Scoring.loader(rows, 2),
        metrics: Metric.all([strict])
      })
    })
    expect((yield* predict([{ x: [1] }])).metrics).toEqual({})
    expect((yield* predict(rows)).metrics).toEqual({ test_strict: 1 })
  }).pipe(Effect.scoped)
)

Evaluated.it("an evaluation without labels computes metrics of any name", () =>
  Effect.gen(function* () {
    const rows: Metric.Metric<unknown> = {
      names: ["loss"],
      empty: 0,
      measure: ({ outputs }) => ({ y: tf.scalar(outputs.score!.shape[0]!) }),
      update: (sum, { y }) => (sum as number) + y!.data[0]!,
      combine: (left, right) => (left as number) + (right as number),
      finish: (sum) => ({ loss: sum as number })
    }
    const { result } = yield* seen({}, { metrics: Metric.all([rows]), loader: Scoring.loader([{ x: [1] }, { x: [2] }], 1) })
    expect(result.metrics).toEqual({ eval_loss: 2 })
  })
)
