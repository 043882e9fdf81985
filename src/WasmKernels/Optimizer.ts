/** The global norm of gradients, and AdamW's update of a parameter, each in one kernel. */
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { floats, type Info } from "../TensorFlowFixes/wasm/Kernel.ts"
import { define } from "./Kernel.ts"

export const install = (): void => {
  // The inputs are an array.
  define<string>("GlobalNorm", ({ backend, inputs, functions, at, make }) => {
    let squares = 0
    for (const x of Object.values<Info>(inputs)) squares += functions.sum_squares(at(x), sizeOf(x.shape))
    const out = make([])
    floats(backend, out)[0] = Math.sqrt(squares)
    return [out]
  })

  type Numbers = "factor" | "epsilon" | "correction" | "rate"
  define<"parameter" | "gradient" | "mean" | "square" | Numbers>(
    "AdamW",
    ({ backend, inputs, attributes, functions, at, make }) => {
      const { parameter, gradient, mean, square } = inputs
      const [p, m, v] = [make(parameter.shape), make(parameter.shape), make(parameter.shape)]
      const number = (name: Numbers) => floats(backend, inputs[name])[0]!
      const { beta1, beta2, decay } = attributes as { beta1: number; beta2: number; decay: number }
      functions.adamw(
        ...[at(parameter), at(gradient), at(mean), at(square), at(p), at(m), at(v), sizeOf(parameter.shape)],
        ...[number("factor"), beta1, 1 - beta1, beta2, 1 - beta2, number("epsilon"), number("correction"), decay, number("rate")]
      )
      return [p, m, v]
    }
  )
}
