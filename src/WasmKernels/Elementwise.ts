/** Functions of each element, and GELU with its gradient. They keep NaN; errors are about 1 ulp for `erf`, 2 for `exp` and `tanh`. */
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { areFilledFloats, define, override } from "./Kernel.ts"

export const install = (): void => {
  for (const [kernel, name] of [
    ["Exp", "exp"],
    ["Erf", "erf"],
    ["Tanh", "tanh"]
  ] as const)
    override<"x">(kernel, ({ inputs: { x }, functions, at, make }) => {
      if (!areFilledFloats(x)) return undefined
      const out = make(x.shape)
      functions[name](at(x), at(out), sizeOf(x.shape))
      return out
    })
  for (const [kernel, name] of [
    ["Gelu", "gelu"],
    ["GeluTanh", "gelu_tanh"]
  ] as const) {
    define<"x">(kernel, ({ inputs: { x }, functions, at, make }) => {
      const y = make(x.shape)
      functions[name](at(x), at(y), sizeOf(x.shape))
      return [y]
    })
    define<"x" | "dy">(`${kernel}Gradient`, ({ inputs: { x, dy }, functions, at, make }) => {
      const dx = make(x.shape)
      functions[`${name}_gradient`](at(x), at(dy), at(dx), sizeOf(x.shape))
      return [dx]
    })
  }
}
