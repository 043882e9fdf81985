/** Hugging Face's Seq2SeqTrainer with promises, for programs without Effect. */
import type * as Seq2SeqArguments from "../../Arguments/Seq2SeqArguments.ts"
import type * as Generation from "../../Evaluation/Generation.ts"
import { seq2seq } from "../Seq2SeqClass.ts"
import * as Promised from "./Trainer.ts"

export interface Options<A> extends Omit<Promised.Options<A>, "args"> {
  readonly args?: Seq2SeqArguments.Input
}

/** A Seq2SeqTrainer: `evaluate` and `predict` take settings of the generation beside their options. */
export type Seq2SeqTrainer<A> = Promised.Trainer<A, Generation.Input>

/**
 * Makes a Seq2SeqTrainer whose methods are promises, as `Trainer.make` does.
 *
 * **Errors**: promises are rejected with the typed errors of `Seq2SeqTrainer`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Layer, Result } from "effect"
 * import { CheckpointStore, Device, Logger } from "regimen"
 * import { Transformers } from "regimen/transformers"
 * import { EvalPrediction, Seq2SeqTrainer } from "regimen/promise"
 *
 * const config = { model_type: "t5", vocab_size: 12, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 1, num_heads: 2, decoder_start_token_id: 0 }
 * const rows = [
 *   { input_ids: [5, 6, 1], attention_mask: [1, 1, 1], labels: [6, 5, 1] },
 *   { input_ids: [7, 8, 1], attention_mask: [1, 1, 1], labels: [8, 7, 1] }
 * ]
 * const trainer = await Seq2SeqTrainer.make({
 *   model: Result.getOrThrow(Transformers.make(config, "T5ForConditionalGeneration")),
 *   args: { predictWithGenerate: true, numTrainEpochs: 1 },
 *   trainDataset: rows,
 *   layers: Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none) // omit it for the default
 * })
 * await trainer.train()
 * const { predictions } = await trainer.predict(rows, { numBeams: 2, maxLength: 5 })
 * assert.equal(EvalPrediction.take(predictions!).shape[0], 2)
 * await trainer.close()
 * ```
 */
export const make = <A>(options: Options<A>): Promise<Seq2SeqTrainer<A>> => Promised.makeAs<A, Generation.Input>(options, seq2seq)
