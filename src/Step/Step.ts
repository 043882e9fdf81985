/** A step is a pure function on tensors: one optimizer update from the micro-batches of an accumulation. It runs inside a tidy. */
import type { Key } from "../Tensor/Key.ts"
import type { Tensor, Tensors } from "../Tensor/Tensor.ts"
import type { Weights } from "../Tensor/Weights.ts"

export interface Input {
  readonly weights: Weights
  readonly batches: ReadonlyArray<Tensors>
  /** One a micro-batch, made from (seed, step, micro-batch). */
  readonly keys: ReadonlyArray<Key>
  /** The optimizer's scalars for this update, on the device. */
  readonly scalars: Tensors
}

export interface Output {
  readonly weights: Weights
  /** The update's loss after reduction. Scalar, nats. */
  readonly loss: Tensor
  /** Global L2 norm of the gradients before clipping. Scalar. */
  readonly gradNorm: Tensor
  /** What the losses were summed over in this update. Scalar. */
  readonly count: Tensor
}

export type Step = (input: Input) => Output
