/** Host tensors of a batch of texts. **Shapes**: `[rows, length]` int32. */
import type { HostTensor } from "../../Tensor/HostTensor.ts"

/** Each row so many times, one after the other. */
export const repeat = (tensor: HostTensor, times: number): HostTensor => {
  const [rows, length] = tensor.shape as [number, number]
  const data = Int32Array.from({ length: rows * times * length }, (_, i) => {
    const row = Math.floor(i / (length * times))
    return tensor.data[row * length + (i % length)]!
  })
  return { dtype: "int32", shape: [rows * times, length], data }
}

/** A mask with so many more tokens at its end. */
export const grow = (mask: HostTensor, more: number): HostTensor => {
  const [rows, length] = mask.shape as [number, number]
  const wide = length + more
  const data = Int32Array.from({ length: rows * wide }, (_, i) =>
    i % wide < length ? mask.data[Math.floor(i / wide) * length + (i % wide)]! : 1
  )
  return { dtype: "int32", shape: [rows, wide], data }
}

/** Takes the last token of each row. **Shapes**: `[rows, length]` to `[rows, 1]`. */
export const last = ({ data, shape }: HostTensor): HostTensor =>
  column(Array.from({ length: shape[0]! }, (_, row) => data[(row + 1) * shape[1]! - 1]!))

export const vector = (values: ReadonlyArray<number>): HostTensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values)
})
export const column = (values: ReadonlyArray<number>): HostTensor => ({ ...vector(values), shape: [values.length, 1] })
