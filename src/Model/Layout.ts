/** How a weight's axes are ordered. Layers use PyTorch's order by default, so that checkpoints need no rewriting. */
import { type HostTensor, sizeOf } from "../Tensor/HostTensor.ts"

/** `torch`: outputs before inputs, before the window. `tensorflow`: the window, inputs, outputs. */
export type Layout = "torch" | "tensorflow"

/** Reorders a weight `[...window, inputs, outputs]` to a layout. */
export const arrange = (weight: HostTensor, layout: Layout): HostTensor => {
  if (layout === "tensorflow") return weight
  const rank = weight.shape.length
  return transpose(weight, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, axis) => axis)])
}

const transpose = ({ dtype, shape, data }: HostTensor, order: ReadonlyArray<number>): HostTensor => {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
  const result = data.slice()
  const moved = order.map((axis) => shape[axis]!)
  const steps = order.map((axis) => strides[axis]!)
  for (let at = 0; at < result.length; at++) {
    let from = 0
    for (let axis = moved.length - 1, rest = at; axis >= 0; axis--) {
      from += (rest % moved[axis]!) * steps[axis]!
      rest = Math.floor(rest / moved[axis]!)
    }
    result[at] = data[from]!
  }
  return { dtype, shape: moved, data: result }
}
