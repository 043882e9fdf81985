/** What batches gave, kept as it is: the state of a metric that must see all of the set at once. Small columns only, never logits. */
import type { HostTensors } from "../Tensor/HostTensor.ts"

/** One part a batch. */
export type Kept = ReadonlyArray<HostTensors>

export const empty: Kept = []

export const combine = (left: Kept, right: Kept): Kept => [...left, ...right]

/** Joins what the parts hold under a name. */
export const column = (kept: Kept, name: string): Float32Array => {
  const parts = kept.map((part) => part[name]!.data)
  const joined = new Float32Array(parts.reduce((size, part) => size + part.length, 0))
  parts.reduce((at, part) => {
    joined.set(part, at)
    return at + part.length
  }, 0)
  return joined
}
