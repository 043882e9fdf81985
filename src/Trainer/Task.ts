/** A task is what a run trains and on what: a model, its data and how losses are reduced. It holds no tensors. */
import type { Loader } from "../Data/Loader.ts"
import type { Metric } from "../Metrics/Metric.ts"
import type { Model } from "../Model/Model.ts"
import type { Reduction } from "../Step/Reduction.ts"

export interface Task {
  readonly model: Model
  readonly train: Loader
  /** Evaluation sets by the prefix of their metrics: `eval`, or `eval_<name>` where there are several. */
  readonly evaluation: Readonly<Record<string, Loader>>
  readonly metrics: Metric<unknown>
  readonly reduction: Reduction
  /** Gradients are scaled down to this global L2 norm; 0 leaves them as they are. */
  readonly maxGradNorm: number
  /** Which parameters are trained, by path. */
  readonly trainable: (path: string) => boolean
  /** Of initial weights and of every random number in the steps. The data order has its own seed, in the loader. */
  readonly seed: number
}

/** The prefix of an evaluation set's metrics, by the name that it was given: `eval` is `eval`, others are `eval_<name>`. */
export const setName = (name: string): string => (name === "eval" ? name : `eval_${name}`)
