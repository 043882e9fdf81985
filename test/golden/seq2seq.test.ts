/** The real Seq2SeqTrainer's runs, from its checkpoint to what it predicts: texts, padded labels, the mean of the batches' losses. */
import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Seq2SeqArguments from "../../src/Arguments/Seq2SeqArguments.ts"
import { CheckpointStore, Device, Logger, Seq2SeqTrainer } from "../../src/index.ts"
import { Collator, Dataset } from "../../src/data.ts"
import { EvalPrediction } from "../../src/metrics.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { open } from "./Trajectory.ts"

interface Recorded {
  readonly float64_shadow: { readonly max_abs_loss_difference: number }
  readonly training_arguments: Readonly<Record<string, unknown>>
  readonly final_evaluate: { readonly eval_loss: number; readonly eval_exact: number }
  readonly predict: {
    readonly predictions: HostTensor.Nested
    readonly label_ids: HostTensor.Nested
    readonly metrics: Readonly<Record<string, number>>
  }
}

const layers = Layer.mergeAll(Device.wasm, CheckpointStore.memory, Logger.none, NodeServices.layer)
const trajectory = open("t5_seq2seq")
const data = trajectory.json<Readonly<Record<"train" | "eval", ReadonlyArray<Readonly<Record<string, unknown>>>>>>("dataset.json")

const trained = Effect.fnUntraced(function* (variant: string, more: Seq2SeqArguments.Input = {}) {
  const golden = trajectory.json<Recorded>(`${variant}.json`)
  const { input } = yield* Effect.fromResult(Seq2SeqArguments.fromJson(golden.training_arguments))
  const seen: Array<EvalPrediction.EvalPrediction> = []
  const own = trajectory.model()
  const trainer = yield* Seq2SeqTrainer.make({
    model: { ...own, init: () => trajectory.weights },
    args: { ...input, ...more },
    dataCollator: Collator.stack(),
    trainDataset: Dataset.fromArray(data.train),
    evalDataset: Dataset.fromArray(data.eval),
    computeMetrics: (prediction) => {
      seen.push(prediction)
      return { exact: 0 }
    }
  })
  return { golden, trainer, seen }
})

describe.each(["base", "ga2_beams4"])("%s", (variant) => {
  it.effect("makes the recorded predictions", () =>
    Effect.gen(function* () {
      const { golden, seen, trainer } = yield* trained(variant)
      yield* trainer.train()
      const { numTensors } = tf.memory()
      const metrics = yield* trainer.evaluate()
      const bound = Math.max(10 * golden.float64_shadow.max_abs_loss_difference, 1e-5)
      expect(Math.abs(metrics.eval_loss! - golden.final_evaluate.eval_loss)).toBeLessThan(bound)
      const { labelIds, predictions } = yield* trainer.predict(Dataset.fromArray(data.eval))
      expect(tf.memory().numTensors).toBe(numTensors)
      expect(predictions).toEqual(HostTensor.fromArray(golden.predict.predictions, "int32"))
      expect(EvalPrediction.take(labelIds!)).toEqual(HostTensor.fromArray(golden.predict.label_ids, "int32"))
      expect(seen.at(-1)!.predictions).toEqual(predictions)
    }).pipe(Effect.provide(layers, { local: true }))
  )
})

it.effect("settings of a call win over the arguments', and those over the configuration's", () =>
  Effect.gen(function* () {
    const { trainer } = yield* trained("base", { generationConfig: { max_length: 12 }, generationMaxLength: null })
    const width = (options?: Parameters<typeof trainer.predict>[1]) =>
      Effect.map(trainer.predict(Dataset.fromArray(data.eval), options), ({ predictions }) => {
        const { data, shape } = EvalPrediction.take(predictions!)
        return [shape[1], Math.max(...Array.from({ length: shape[0]! }, (_, row) => data.slice(row * shape[1]!, (row + 1) * shape[1]!).findLastIndex((id) => id !== 0)))]
      })
    expect((yield* width())[0]).toBe(12)
    expect((yield* width({ maxLength: 5 }))[1]).toBeLessThan(5)
    expect((yield* width({ maxLength: 15, numBeams: 2 }))[0]).toBeGreaterThanOrEqual(12)
    const { trainer: plain } = yield* trained("base", { predictWithGenerate: false })
    const { predictions } = yield* plain.predict(Dataset.fromArray(data.eval))
    expect(EvalPrediction.take(predictions!).shape).toHaveLength(3) // logits
  }).pipe(Effect.provide(layers, { local: true }))
)

it.effect("refuses what it cannot do before anything runs", () =>
  Effect.gen(function* () {
    const message = (args: Seq2SeqArguments.Input) =>
      Effect.map(Effect.flip(trained("base", args)), ({ message }) => message)
    expect(yield* message({ generationConfig: { num_beam_groups: 3 } })).toContain("num_beam_groups")
    expect(yield* message({ generationConfig: "somewhere" })).toContain("generation_config")
    const { decode: _, ...mute } = trajectory.model()
    const refused = yield* Effect.flip(Seq2SeqTrainer.make({ model: mute, args: { predictWithGenerate: true } }))
    expect(refused.message).toContain("does not generate")
  }).pipe(Effect.provide(layers, { local: true }))
)
