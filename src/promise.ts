/** The Trainer for those who do not use Effect, the types of what it is given, and what is loaded from folders: everything else is in the main entry. */
import * as Predictions from "./Evaluation/EvalPrediction.ts"

/** The predictions that `computeMetrics` is given, with functions on them: `take`, `argmax`, `agreement`, `batches`. */
export type EvalPrediction = Predictions.EvalPrediction
export const EvalPrediction: typeof Predictions = Predictions
export declare namespace EvalPrediction {
  /** A set's tensors, as `predictions` and `labelIds` are. */
  export type Gathered = Predictions.Gathered
}
export * as Callback from "./HuggingFaceTrainer/Promise/Callback.ts"
export * as Pretrained from "./HuggingFaceTrainer/Promise/Pretrained.ts"
export * as Seq2SeqTrainer from "./HuggingFaceTrainer/Promise/Seq2SeqTrainer.ts"
export * as Tokenizer from "./HuggingFaceTrainer/Promise/Tokenizer.ts"
export type { ComputeLoss, ComputeMetrics, DataCollator, Options } from "./HuggingFaceTrainer/Promise/Trainer.ts"
export * as Trainer from "./HuggingFaceTrainer/Promise/Trainer.ts"
