/** A convolution over two axes, on images `[batch, height, width, channels]`. */
import * as HostTensor from "../Tensor/HostTensor.ts"
import type * as Init from "../Tensor/Init.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { torchUniform } from "./Dense.ts"
import { type Layout, reorder } from "./Layout.ts"
import { parameter } from "./Model.ts"
import type { Initializer } from "./Parameters.ts"

export interface Options {
  /** Channels. */
  readonly inputs: number
  readonly outputs: number
  /** Window, in pixels: a square's side, or height and width. */
  readonly kernel: number | readonly [number, number]
  readonly bias?: boolean
  /** Initializes the weight. Default: uniform in +-1/sqrt(inputs x window), as in PyTorch. The bias begins at zero. */
  readonly weight?: Init.Init
  /** `torch`, the default: `[outputs, inputs, height, width]`. `tensorflow`: `[height, width, inputs, outputs]`. */
  readonly layout?: Layout
}

/** Makes `weight` and `bias`. */
export const init = ({ inputs, outputs, kernel, bias = true, weight, layout = "torch" }: Options): Initializer => {
  const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel
  const begin = weight ?? torchUniform(inputs * height * width)
  return (key) => ({
    weight: reorder(begin(Key.fold(key, "weight"), [height, width, inputs, outputs]), layout),
    ...(bias ? { bias: HostTensor.zeros([outputs]) } : {})
  })
}

/**
 * Applies the layer at `path`.
 *
 * **Shapes**: `[batch, height, width, inputs]` to `[batch, height', width', outputs]`; with padding `same` (the default) and stride 1 the size stays.
 *
 * **Errors**: throws `MissingField`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Conv2d, HostTensor, Key, Tree } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const parameters = Tree.prefix(HostTensor.toDevice(Conv2d.init({ inputs: 1, outputs: 4, kernel: 3 })(Key.make(0))), "conv")
 * assert.deepEqual(Conv2d.apply(parameters, "conv", tf.zeros([2, 8, 8, 1])).shape, [2, 8, 8, 4])
 * ```
 */
export const apply = (
  parameters: Tensors,
  path: string,
  x: Tensor,
  options: { readonly stride?: number; readonly padding?: "same" | "valid" | number; readonly layout?: Layout } = {}
): Tensor => {
  const { stride = 1, padding = "same", layout = "torch" } = options
  const weight = parameter(parameters, `${path}.weight`)
  const bias = parameters[`${path}.bias`]
  const window = layout === "torch" ? tf.transpose(weight, [2, 3, 1, 0]) : weight
  const convolved = tf.conv2d(x as tf.Tensor4D, window as tf.Tensor4D, stride, padding)
  return bias === undefined ? convolved : tf.add(convolved, bias)
}
