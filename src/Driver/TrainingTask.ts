/** A task: a model, how its losses and metrics are computed, and data. It holds no tensors. */
import type { Loader } from "../Data/Loader.ts"
import type { CollectOptions } from "../Evaluation/CollectOptions.ts"
import type { Metric } from "../Metrics/Metric.ts"
import type { Model } from "../Model/Model.ts"
import type { Reduction } from "../Step/Reduction.ts"

/** A task without its data. */
export interface TaskConfig {
  readonly model: Model
  readonly metrics: Metric<unknown>
  /** What its evaluations do beyond the metrics. */
  readonly collect?: CollectOptions
  readonly reduction: Reduction
  /** Gradients are scaled down to this global L2 norm; 0 leaves them as they are. */
  readonly maxGradNorm: number
  /** Which parameters are trained, by path. */
  readonly trainable: (path: string) => boolean
  /** Of initial weights and of every random number in the steps. The data order has its own seed, in the loader. */
  readonly seed: number
}

export interface TrainingTask extends TaskConfig {
  readonly train: Loader
  /** Evaluation sets by the prefix of their metrics: `eval`, or `eval_<name>` where there are several. */
  readonly evaluation: Readonly<Record<string, Loader>>
}

/** The prefix of an evaluation set's metrics, by the name that it was given: `eval` is `eval`, others are `eval_<name>`. */
export const setName = (name: string): string => (name === "eval" ? name : `eval_${name}`)
