/** A dense layer: `x W + b`. */
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Init from "../Tensor/Init.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { type Layout, reorder } from "./Layout.ts"
import { parameter } from "./Model.ts"
import type { Initializer } from "./Parameters.ts"

export interface Options {
  readonly inputs: number
  readonly outputs: number
  readonly bias?: boolean
  /** Initializes the weight. Default: uniform in +-1/sqrt(inputs), as in PyTorch. The bias begins at zero. */
  readonly weight?: Init.Init
  /** `torch`, the default: `[outputs, inputs]`. `tensorflow`: `[inputs, outputs]`. */
  readonly layout?: Layout
}

/**
 * Makes `weight` and `bias`.
 *
 * @example
 * ```ts
 * import { Dense, Key } from "regimen/nn"
 * import assert from "node:assert/strict"
 *
 * const { weight, bias } = Dense.init({ inputs: 3, outputs: 2 })(Key.make(0))
 * assert.deepEqual([weight!.shape, bias!.shape], [[2, 3], [2]])
 * ```
 */
export const init =
  ({ inputs, outputs, bias = true, weight = torchUniform(inputs), layout = "torch" }: Options): Initializer =>
  (key) => ({
    weight: reorder(weight(Key.fold(key, "weight"), [inputs, outputs]), layout),
    ...(bias ? { bias: HostTensor.zeros([outputs]) } : {})
  })

/**
 * Applies the layer at `path`; without a bias where there is none.
 *
 * **Shapes**: `[..., inputs]` to `[..., outputs]`.
 *
 * **Errors**: throws `MissingField`.
 */
export const apply = (
  parameters: Tensors,
  path: string,
  x: Tensor,
  { layout = "torch" }: Pick<Options, "layout"> = {}
): Tensor => {
  return affine(x, parameter(parameters, `${path}.weight`), parameters[`${path}.bias`], layout)
}

/** Computes `x W + b` of the last axis, for a weight that is another layer's too. **Shapes**: as `apply`. */
export const affine = (x: Tensor, weight: Tensor, bias?: Tensor, layout: Layout = "torch"): Tensor => {
  const rows = tf.reshape(x, [-1, x.shape.at(-1) ?? 1])
  const product = tf.matMul(rows, weight, false, layout === "torch")
  const sum = bias === undefined ? product : tf.add(product, bias)
  return x.rank === 2 ? sum : tf.reshape(sum, [...x.shape.slice(0, -1), sum.shape[1]!])
}

/** PyTorch's default for dense and convolution weights. */
export const torchUniform = (fan: number): Init.Init => Init.uniform(-1 / Math.sqrt(fan), 1 / Math.sqrt(fan))
