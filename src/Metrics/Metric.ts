/** A metric is a monoid: it looks at each batch once and keeps a small state, so that evaluating never holds the logits. */
import type { Outputs } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import type { Figure } from "./Figure.ts"

// Methods, not function fields: they are compared bivariantly, so that a Metric<S> is a Metric<unknown> and a list can hold several.
export interface Metric<S> {
  /** The names of the figures that `finish` gives, known before the run starts. */
  readonly names: ReadonlyArray<string>
  /** Runs on the device inside the evaluation step: reduces what the model gave, and the batch, to what `update` needs. */
  measure(result: Outputs, batch: Tensors): Tensors
  readonly empty: S
  update(state: S, measured: HostTensors): S
  /** Associative, with `empty` as its unit. */
  combine(left: S, right: S): S
  finish(state: S): Readonly<Record<string, number>>
  /** Pictures by name, for metrics that have more to show than scalars. */
  figures?(state: S): Readonly<Record<string, Figure>>
}
