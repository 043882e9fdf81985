/** For each argument of a Seq2SeqTrainer, two values with which a model that was trained alike predicts something else. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import type * as Seq2SeqArguments from "../../src/Arguments/Seq2SeqArguments.ts"
import { Dataset } from "../../src/data.ts"
import { CheckpointStore, Device, Logger, Seq2SeqTrainer } from "../../src/index.ts"
import { Transformers } from "../../src/transformers.ts"
import { cases } from "../support/honoured/seq2seq.ts"

const size = { vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2, decoder_start_token_id: 0 }
const model = Result.getOrThrow(Transformers.make({ model_type: "t5", ...size, dropout_rate: 0 }, "T5ForConditionalGeneration"))

/** Texts that are read backwards. */
const rows = Dataset.fromArray(
  Array.from({ length: 6 }, (_, i) => {
    const words = [2 + i, 3 + ((2 * i) % 7), 4 + ((3 * i) % 5)]
    return { input_ids: [...words, 1], attention_mask: [1, 1, 1, 1], labels: [...words.toReversed(), 1] }
  })
)

const layers = Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none, NodeServices.layer)

/** What is predicted after a short training. */
const seen = Effect.fnUntraced(
  function* (args: Seq2SeqArguments.Input) {
    const usual = { maxSteps: 12, perDeviceTrainBatchSize: 6, learningRate: 0.03, saveStrategy: "no", logLevel: "error" } as const
    const trainer = yield* Seq2SeqTrainer.make({ model, args: { ...usual, ...args }, trainDataset: rows })
    yield* trainer.train()
    const { predictions } = yield* trainer.predict(rows)
    return predictions
  },
  Effect.provide(layers, { local: true })
)

it.live.each(cases)("%s", ([, one, other, both = {}]) =>
  Effect.gen(function* () {
    const first = yield* seen({ ...both, ...one })
    expect(yield* seen({ ...both, ...one })).toEqual(first)
    expect(yield* seen({ ...both, ...other })).not.toEqual(first)
  })
)
