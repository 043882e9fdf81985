/**
 * Computes fused operations (which run outside of a gradient only) by their parts.
 *
 * **Fault**: `fused.matMul` adds the bias and applies the activation once per block of 48 columns of `a`, so it is wrong beyond 48; the relu of fused
 * convolutions turns a NaN into 0.
 * **Upstream**: no issue known; search tensorflow/tfjs for "wasm fused matMul bias wrong".
 * **Remove when**: "wasm/Fused" of test/contract/Upstream.test.ts fails.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { type Attributes, call, free, type Info, type Inputs, type Kernel, replace } from "./Kernel.ts"

export const install = (): void => {
  replace("_FusedMatMul", parts("BatchMatMul", ["a", "b"]))
  replace("FusedConv2D", parts("Conv2D", ["x", "filter"]))
  replace("FusedDepthwiseConv2D", parts("DepthwiseConv2dNative", ["x", "filter"]))
}

const parts =
  (name: string, [first, second]: readonly [string, string]): Kernel =>
  (backend, inputs, attrs) => {
    const product = call(backend, name, { [first]: inputs[first]!, [second]: inputs[second]! }, attrs)
    const { bias } = inputs
    const biased = bias == null ? product : then(backend, product, (x) => call(backend, "Add", { a: x, b: bias }))
    return attrs.activation === "linear" || attrs.activation == null
      ? biased
      : then(backend, biased, (x) => activated(backend, x, inputs, attrs))
  }

const activated = (backend: BackendWasm, x: Info, inputs: Inputs, { activation, leakyreluAlpha }: Attributes): Info => {
  switch (activation) {
    case "relu":
      return call(backend, "Relu", { x })
    case "relu6":
      return call(backend, "Relu6", { x })
    case "elu":
      return call(backend, "Elu", { x })
    case "sigmoid":
      return call(backend, "Sigmoid", { x })
    case "leakyrelu":
      return call(backend, "LeakyRelu", { x }, { alpha: leakyreluAlpha ?? 0.2 })
    case "prelu":
      return call(backend, "Prelu", { x, alpha: inputs.preluActivationWeights! })
    default:
      throw new Error(`fused operations on wasm do not know the activation ${activation}`)
  }
}

/** Applies a kernel and frees its input. */
const then = (backend: BackendWasm, x: Info, f: (x: Info) => Info): Info => {
  try {
    return f(x)
  } finally {
    free(backend, [x])
  }
}
