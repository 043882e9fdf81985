/** Layer normalisation of rows and its gradients, each in one kernel. */
import { define, rowsOf } from "./Kernel.ts"

export const install = (): void => {
  // Outputs: the result, the normalised rows, and what each row was multiplied by.
  define<"x" | "weight" | "bias">("LayerNorm", ({ inputs: { x, weight, bias }, attributes, functions, at, make }) => {
    const [rows, columns] = rowsOf(x)
    const [y, normal, scale] = [make(x.shape), make(x.shape), make([rows])]
    const epsilon = attributes.epsilon as number
    functions.layer_norm(at(x), at(weight), at(bias), at(y), at(normal), at(scale), rows, columns, epsilon)
    return [y, normal, scale]
  })
  define<"dy" | "weight" | "normal" | "scale">("LayerNormGradient", ({ inputs, functions, at, make }) => {
    const { dy, weight, normal, scale } = inputs
    const [rows, columns] = rowsOf(dy)
    const [dx, dWeight, dBias] = [make(dy.shape), make([columns]), make([columns])]
    functions.layer_norm_gradient(at(dy), at(weight), at(normal), at(scale), at(dx), rows, columns)
    functions.layer_norm_parameters(at(dy), at(normal), at(dWeight), at(dBias), rows, columns, columns)
    return [dx, dWeight, dBias]
  })
}
