/** What a model is to the trainer: how its weights begin, and a pure function from weights and a batch to outputs. */
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Key } from "../Tensor/Key.ts"
import type { Tensor, Tensors } from "../Tensor/Tensor.ts"

export interface Context {
  /** True while training: dropout is active, batch statistics are used. */
  readonly training: boolean
  /** The key of this micro-batch; fold a site's number or name into it (`Key.fold(context.key, "dropout.1")`). */
  readonly key: Key
  readonly buffers: Tensors
}

/** A loss before it is averaged. **Shapes**: both scalars. **Unit**: nats (or squared target units), and what they are summed over. */
export interface Loss {
  readonly sum: Tensor
  readonly count: Tensor
  /** What the Hugging Face Trainer divides by, where that is not `count`: GPT-2's labels, counted before the shift. Scalar. */
  readonly items?: Tensor
}

export interface Outputs {
  /** There when the batch has labels. */
  readonly loss?: Loss
  /** Named outputs; `logits` is what metrics look at by convention. */
  readonly outputs: Tensors
  /** Buffers that this batch changed (batch-norm statistics). */
  readonly buffers?: Tensors
}

export interface Model {
  readonly init: (key: Key) => HostTensors
  readonly buffers?: (key: Key) => HostTensors
  readonly apply: (parameters: Tensors, batch: Tensors, context: Context) => Outputs
}
