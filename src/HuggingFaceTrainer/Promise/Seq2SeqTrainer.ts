/** The page's Seq2SeqTrainer with Promises: for those who do not use Effect. */
import { Result } from "effect"
import * as Seq2SeqArguments from "../../Arguments/Seq2SeqArguments.ts"
import type { EvaluateOptions, LoopOptions, Metrics, PredictionOutput } from "../Evaluate.ts"
import * as HuggingFaceTrainer from "../HuggingFaceTrainer.ts"
import * as GenerationOverrides from "../Seq2Seq/GenerationOverrides.ts"
import { kind } from "../Seq2Seq/Variant.ts"
import * as Promised from "./Trainer.ts"

export interface Options<A> extends Omit<Promised.Options<A>, "args"> {
  readonly args?: Seq2SeqArguments.Input
}

/** What `evaluate` may be told by name: any setting of the generation too. */
export interface Asked<A> extends GenerationOverrides.Beside<Omit<EvaluateOptions<A, unknown, never>, "evalDataset">> {
  readonly evalDataset?: Promised.Sets<A>
}

export interface Seq2SeqTrainer<A> extends Omit<Promised.Trainer<A>, "evaluate" | "predict"> {
  /** Options, or rows (or several sets by name) and then options. */
  readonly evaluate: (asked?: Asked<A> | Promised.Sets<A>, options?: Omit<Asked<A>, "evalDataset">) => Promise<Metrics>
  readonly predict: (
    testDataset: Promised.Rows<A>,
    options?: GenerationOverrides.Beside<LoopOptions>
  ) => Promise<PredictionOutput>
}

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
 *   world: Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none) // leave it out for the usual one
 * })
 * await trainer.train()
 * const { predictions } = await trainer.predict(rows, { numBeams: 2, maxLength: 5 })
 * assert.equal(EvalPrediction.take(predictions!).shape[0], 2)
 * await trainer.close()
 * ```
 */
export const make = async <A>(options: Options<A>): Promise<Seq2SeqTrainer<A>> => {
  const trainer = await Promised.makeAs(options as Promised.Options<A>, {
    read: Seq2SeqArguments.make,
    make: (given) => HuggingFaceTrainer.makeAs(given, kind)
  })
  const { evaluate, predict } = trainer
  const own: Pick<Seq2SeqTrainer<A>, "evaluate" | "predict"> = {
    evaluate: async (asked, options) => evaluate(Result.getOrThrow(GenerationOverrides.given<Promised.Asked<A>>(asked, options))),
    predict: async (testDataset, options = {}) =>
      predict(testDataset, Result.getOrThrow(GenerationOverrides.within<LoopOptions>("predict", options)))
  }
  return Object.assign(trainer, own)
}
