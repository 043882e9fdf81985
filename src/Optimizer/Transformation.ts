/** A gradient transformation: from gradients to updates that are *added* to the parameters. Optimizers are chains of them. */
import type { Tensors } from "../Tensor/Tensor.ts"

/** Where an update stands, for what a transformation computes on the host. */
export interface At {
  /** Updates done before this one. */
  readonly step: number
  /** Dimensionless, >= 0. */
  readonly learningRate: number
}

export interface Transformation {
  /** Names the slots in a checkpoint; `chain` makes it unique. */
  readonly name: string
  /** Makes the slots for these parameters. **Shapes**: as the parameters', unless the transformation says otherwise. */
  readonly init: (parameters: Tensors) => Tensors
  /**
   * Computes, in float64 on the host, what changes from update to update (learning rate, bias corrections). They reach
   * `update` as float32 scalars on the device, so that a compiled step takes them as inputs.
   */
  readonly scalars: (at: At) => Readonly<Record<string, number>>
  /** Runs on the device, inside a tidy; pure. */
  readonly update: (input: {
    readonly gradients: Tensors
    readonly slots: Tensors
    readonly parameters: Tensors
    readonly scalars: Tensors
  }) => { readonly updates: Tensors; readonly slots: Tensors }
}
