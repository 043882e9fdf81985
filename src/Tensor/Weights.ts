/** The weights of a run: parameters (trained), buffers (not trained, as the statistics of a batch norm) and the optimizer's slots. */
import type { HostTensors } from "./HostTensor.ts"
import type { Tensors } from "./Tensor.ts"

export interface Weights {
  readonly parameters: Tensors
  readonly buffers: Tensors
  readonly slots: Tensors
}

export interface HostWeights {
  readonly parameters: HostTensors
  readonly buffers: HostTensors
  readonly slots: HostTensors
}
