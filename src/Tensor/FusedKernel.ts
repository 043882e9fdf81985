/**
 * Fused kernels that the current device may have (src/WasmKernels on wasm): they compute in one call what is otherwise a composition of operations. Code that
 * uses one has the composition too, for devices without it.
 */
import type { Attributes as DropoutMask } from "../WasmKernels/DropoutMask.ts"
import { type Tensor, tf } from "./Tensor.ts"

/** The inputs and attributes of each kernel, and how many tensors it returns. Kernels have no gradient of their own: call them within `tf.customGrad`. */
export interface FusedKernels {
  readonly DropoutMask: {
    readonly inputs: Readonly<Record<string, never>>
    readonly attributes: DropoutMask
    readonly outputs: [Tensor]
  }
  readonly Gelu: { readonly inputs: { readonly x: Tensor }; readonly outputs: [Tensor] }
  readonly GeluGradient: { readonly inputs: { readonly x: Tensor; readonly dy: Tensor }; readonly outputs: [Tensor] }
  readonly GeluTanh: { readonly inputs: { readonly x: Tensor }; readonly outputs: [Tensor] }
  readonly GeluTanhGradient: { readonly inputs: { readonly x: Tensor; readonly dy: Tensor }; readonly outputs: [Tensor] }
  /** Outputs: the result, the normalised rows, and each row's scale. */
  readonly LayerNorm: {
    readonly inputs: { readonly x: Tensor; readonly weight: Tensor; readonly bias: Tensor }
    readonly attributes: { readonly epsilon: number }
    readonly outputs: [y: Tensor, normal: Tensor, scale: Tensor]
  }
  readonly LayerNormGradient: {
    readonly inputs: { readonly dy: Tensor; readonly weight: Tensor; readonly normal: Tensor; readonly scale: Tensor }
    readonly outputs: [x: Tensor, weight: Tensor, bias: Tensor]
  }
  readonly GlobalNorm: { readonly inputs: ReadonlyArray<Tensor>; readonly outputs: [Tensor] }
  /** `factor` multiplies the gradient first; `rate` is the negative learning rate. Outputs: the new parameter and slots. */
  readonly AdamW: {
    readonly inputs: {
      readonly [name in "parameter" | "gradient" | "mean" | "square" | "factor" | "epsilon" | "correction" | "rate"]: Tensor
    }
    readonly attributes: { readonly beta1: number; readonly beta2: number; readonly decay: number }
    readonly outputs: [parameter: Tensor, mean: Tensor, square: Tensor]
  }
}

type Name = keyof FusedKernels

/** Whether the current device has a kernel for these inputs: all must be float32, and none empty. */
export const has = (name: Name, ...inputs: ReadonlyArray<Tensor>): boolean =>
  tf.getKernel(name, tf.getBackend()) != null && inputs.every(({ dtype, size }) => dtype === "float32" && size > 0)

/** Runs a kernel that the device has. */
export const run = <N extends Name>(
  name: N,
  inputs: FusedKernels[N]["inputs"],
  ...[attributes]: FusedKernels[N] extends { readonly attributes: infer A } ? [attributes: A] : []
): FusedKernels[N]["outputs"] =>
  tf
    .engine()
    .runKernel(
      name,
      inputs as unknown as tf.NamedTensorMap,
      (attributes ?? {}) as unknown as tf.NamedAttrMap
    ) as unknown as FusedKernels[N]["outputs"]
