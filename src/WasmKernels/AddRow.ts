/**
 * Adds a bias to rows. The stock kernel takes three times as long where rows are short, as those of images are.
 * **Shapes**: `a` `[..., n]`, `b` `[n]`; or the other way round.
 */
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import type { Info } from "../TensorFlowFixes/wasm/Kernel.ts"
import { areFilledFloats, override, rowsOf } from "./Kernel.ts"

export const install = (): void =>
  override<"a" | "b">("Add", ({ inputs: { a, b }, functions, at, make }) => {
    if (!areFilledFloats(a, b)) return undefined
    const [x, row] = a.shape.length > 1 ? [a, b] : [b, a]
    if (!isRowOf(row, x)) return undefined
    const y = make(x.shape)
    functions.add_row(at(x), at(row), at(y), ...rowsOf(x))
    return y
  })

const isRowOf = (row: Info, x: Info): boolean =>
  row.shape.length === 1 && x.shape.length > 1 && row.shape[0] === x.shape.at(-1) && sizeOf(row.shape) > 1
