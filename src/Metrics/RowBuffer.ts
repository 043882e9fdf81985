/** A buffer of the rows of all batches: the state of a metric that is not a sum over batches. For a few columns, never the logits of a vocabulary. */
import type { HostTensor, HostTensors, Values } from "../Tensor/HostTensor.ts"

/** The columns of each batch by name. */
export type RowBuffer = ReadonlyArray<Readonly<Record<string, Values>>>

export const empty: RowBuffer = []

/** Appends the counted rows of a batch. **Shapes**: each `[rows, ...]`. */
export const add = (state: RowBuffer, measured: HostTensors, counts: (row: number) => boolean = () => true): RowBuffer => {
  const counted = ({ shape: [rows = 0], data }: HostTensor): Values => {
    const width = data.length / rows
    return data.filter((_, i) => counts(Math.floor(i / width)))
  }
  return [...state, Object.fromEntries(Object.entries(measured).map(([name, tensor]) => [name, counted(tensor)]))]
}

export const combine = (left: RowBuffer, right: RowBuffer): RowBuffer => [...left, ...right]

/** Concatenates a column of all batches. */
export const column = (state: RowBuffer, name: string): Float32Array => {
  const parts = state.map((part) => part[name]!)
  const joined = new Float32Array(parts.reduce((size, part) => size + part.length, 0))
  parts.reduce((at, part) => {
    joined.set(part, at)
    return at + part.length
  }, 0)
  return joined
}
