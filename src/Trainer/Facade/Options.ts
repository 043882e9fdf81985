/** What the page's Trainer is made from. */
import type { Input } from "../../Arguments/Arguments.ts"
import type { Collator } from "../../Data/Collator.ts"
import type { Metric } from "../../Metrics/Metric.ts"
import type { Model } from "../../Model/Model.ts"
import type { Transformation } from "../../Optimizer/Transformation.ts"
import type { Schedule } from "../../Schedule/Schedule.ts"
import type { Tokenizer } from "../../Tokenizer/Tokenizer.ts"
import type { Callback } from "../Callback.ts"
import type { Functions } from "../Collect.ts"
import type { ComputeLoss } from "../ComputeLoss.ts"
import type { MakeLoader, Source, Sources } from "../Feed.ts"

export interface Options<A, E = never, R = never> {
  readonly model?: Model
  /** Makes a new model for each `train`; there must be it or `model`. */
  readonly modelInit?: () => Model
  /** TrainingArguments in camelCase; without them all are the defaults, in `tmp_trainer`. */
  readonly args?: Input
  /** Pads the batches, where there is no `dataCollator`, and is saved with the model. */
  readonly tokenizer?: Tokenizer
  /** Makes a batch from rows. Default: `Collator.forTokenizer` with the tokenizer, without one `Collator.stack()`. */
  readonly dataCollator?: Collator<A>
  readonly trainDataset?: Source<A, E, R>
  readonly evalDataset?: Sources<A, E, R>
  /** Given an evaluation's predictions, gives its metrics. */
  readonly computeMetrics?: Functions<R>["computeMetrics"]
  /** Metrics that are added up batch by batch: no predictions are kept for them. */
  readonly metrics?: ReadonlyArray<Metric<unknown>>
  /** Added to `DefaultFlowCallback` and `ProgressCallback`. */
  readonly callbacks?: ReadonlyArray<Callback<E, R>>
  /** An optimizer and a schedule in the place of those of the arguments; null for the arguments' own. */
  readonly optimizers?: readonly [Transformation | null, Schedule.Input<number> | null]
  readonly preprocessLogitsForMetrics?: Functions["preprocessLogitsForMetrics"]
  /** The loss in the place of the model's own, from its outputs and the batch. */
  readonly computeLoss?: ComputeLoss
  /** Reads the training data in the place of the Trainer's own loader. */
  readonly getTrainDataloader?: MakeLoader<A, E, R>
  /** Which parameters are trained, by path; all by default. */
  readonly trainable?: (path: string) => boolean
}
