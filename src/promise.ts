/** The Trainer for those who do not use Effect, and the types of what it is given: everything else is in the package's main entry. */
import * as Predictions from "./Trainer/EvalPrediction.ts"

/** What `computeMetrics` is given, and what is done with it: `take`, `argmax`, `agreement`, `batches`. */
export type EvalPrediction = Predictions.EvalPrediction
export const EvalPrediction: typeof Predictions = Predictions
export type { ComputeLoss, ComputeMetrics, DataCollator, Options } from "./Trainer/Promise.ts"
export * as Trainer from "./Trainer/Promise.ts"
export * as Seq2SeqTrainer from "./Trainer/PromiseSeq2Seq.ts"
