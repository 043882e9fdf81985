/** Hugging Face's Seq2SeqTrainer: a Trainer whose predictions are generated sequences. */
import { Effect } from "effect"
import type * as Seq2SeqArguments from "../Arguments/Seq2SeqArguments.ts"
import type * as Callback from "../Driver/Callback.ts"
import type * as Generation from "../Evaluation/Generation.ts"
import type { Options as TrainerOptions } from "./Options.ts"
import { seq2seq } from "./Seq2SeqClass.ts"
import * as HuggingFaceTrainer from "./Trainer.ts"

export interface Options<A, E = never, R = never> extends Omit<TrainerOptions<A, E, R>, "args"> {
  readonly args?: Seq2SeqArguments.Input
}

/**
 * Makes a Seq2SeqTrainer. With `predictWithGenerate` the predictions are token ids, filled with the pad token to the longest that the model's generation
 * allows (20 by default), and labels are as long.
 *
 * **Errors**: as `Trainer.make`; `InvalidTask` for a model that does not generate.
 *
 * **Source**: `Seq2SeqTrainer`. The loss of an evaluation is the mean of its batches', as there.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, Layer, Result } from "effect"
 * import { CheckpointStore, Device, Logger, Seq2SeqTrainer } from "regimen"
 * import { Dataset } from "regimen/data"
 * import { EvalPrediction } from "regimen/metrics"
 * import { Transformers } from "regimen/transformers"
 *
 * const config = { model_type: "t5", vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2, decoder_start_token_id: 0 }
 * const model = Result.getOrThrow(Transformers.make(config, "T5ForConditionalGeneration"))
 * const rows = Dataset.fromArray([
 *   { input_ids: [5, 6, 1], attention_mask: [1, 1, 1], labels: [6, 5, 1] },
 *   { input_ids: [7, 8, 1], attention_mask: [1, 1, 1], labels: [8, 7, 1] }
 * ])
 * const program = Effect.gen(function* () {
 *   const trainer = yield* Seq2SeqTrainer.make({
 *     model,
 *     args: { predictWithGenerate: true, generationMaxLength: 4, numTrainEpochs: 1 },
 *     trainDataset: rows
 *   })
 *   yield* trainer.train()
 *   return yield* trainer.predict(rows, { numBeams: 2 })
 * })
 * const layers = Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none, NodeServices.layer)
 * const { predictions } = await Effect.runPromise(Effect.provide(program, layers))
 * assert.deepEqual(EvalPrediction.take(predictions!).shape, [2, 20]) // filled up to the longest that the model's generation allows
 * ```
 */
export const make = Effect.fn("Seq2SeqTrainer.make")(function* <A, E = never, R = never, C extends Callback.Any = never>(
  options: Callback.Accepting<Options<A, E, R>, C>
) {
  const all = options as Options<A, E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>>
  return yield* HuggingFaceTrainer.makeAs<A, E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>, Generation.Input>(all, seq2seq)
})

/** A Seq2SeqTrainer: `evaluate` and `predict` take settings of the generation beside their options. */
export type Seq2SeqTrainer<A, E = never, R = never> = HuggingFaceTrainer.Trainer<A, E, R, Generation.Input>
