/** The order of a weight's axes. Layers use PyTorch's order by default, so that checkpoints need no rewriting. */
import { type HostTensor, sizeOf } from "../Tensor/HostTensor.ts"

/** `torch`: outputs before inputs, before the window. `tensorflow`: the window, inputs, outputs. */
export type Layout = "torch" | "tensorflow"

/** Reorders a weight `[...window, inputs, outputs]` to a layout. */
export const reorder = (weight: HostTensor, layout: Layout): HostTensor => {
  if (layout === "tensorflow") return weight
  const rank = weight.shape.length
  return transpose(weight, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, axis) => axis)])
}

const transpose = ({ dtype, shape, data }: HostTensor, order: ReadonlyArray<number>): HostTensor => {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
  const result = data.slice()
  const target = order.map((axis) => shape[axis]!)
  const sourceStrides = order.map((axis) => strides[axis]!)
  for (let at = 0; at < result.length; at++) {
    let from = 0
    for (let axis = target.length - 1, rest = at; axis >= 0; axis--) {
      from += (rest % target[axis]!) * sourceStrides[axis]!
      rest = Math.floor(rest / target[axis]!)
    }
    result[at] = data[from]!
  }
  return { dtype, shape: target, data: result }
}
