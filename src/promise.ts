/** The Trainer for those who do not use Effect, the types of what it is given, and what is loaded from folders: everything else is in the main entry. */
import * as Predictions from "./Trainer/EvalPrediction.ts"

/** What `computeMetrics` is given, and what is done with it: `take`, `argmax`, `agreement`, `batches`. */
export type EvalPrediction = Predictions.EvalPrediction
export const EvalPrediction: typeof Predictions = Predictions
export declare namespace EvalPrediction {
  /** A set's tensors, as `predictions` and `labelIds` are. */
  export type Gathered = Predictions.Gathered
}
export type { ComputeLoss, ComputeMetrics, DataCollator, Options } from "./Trainer/Promise.ts"
export * as Trainer from "./Trainer/Promise.ts"
export * as Pretrained from "./Trainer/PromisePretrained.ts"
export * as Seq2SeqTrainer from "./Trainer/PromiseSeq2Seq.ts"
export * as Tokenizer from "./Trainer/PromiseTokenizer.ts"
