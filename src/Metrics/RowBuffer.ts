/** Rows of batches, kept as they are: the state of a metric that must see all of the set at once. Small columns only, never logits of a vocabulary. */
import type { HostTensor, HostTensors, Values } from "../Tensor/HostTensor.ts"

/** One part a batch: columns by name. */
export type RowBuffer = ReadonlyArray<Readonly<Record<string, Values>>>

export const empty: RowBuffer = []

/** Adds the rows of a batch that count. **Shapes**: each `[rows, ...]`. */
export const add = (state: RowBuffer, measured: HostTensors, counts: (row: number) => boolean = () => true): RowBuffer => {
  const counted = ({ shape: [rows = 0], data }: HostTensor): Values => {
    const width = data.length / rows
    return data.filter((_, i) => counts(Math.floor(i / width)))
  }
  return [...state, Object.fromEntries(Object.entries(measured).map(([name, tensor]) => [name, counted(tensor)]))]
}

export const combine = (left: RowBuffer, right: RowBuffer): RowBuffer => [...left, ...right]

/** Joins what the parts hold under a name. */
export const column = (kept: RowBuffer, name: string): Float32Array => {
  const parts = kept.map((part) => part[name]!)
  const joined = new Float32Array(parts.reduce((size, part) => size + part.length, 0))
  parts.reduce((at, part) => {
    joined.set(part, at)
    return at + part.length
  }, 0)
  return joined
}
