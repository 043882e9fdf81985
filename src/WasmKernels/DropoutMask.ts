/** Draws the factors of dropout on the heap: the bits of Tensor/Random.ts's `bernoulli`. */
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { define } from "./Kernel.ts"

export interface Attributes {
  readonly shape: ReadonlyArray<number>
  /** The key and the upper half of the counter of a Philox stream, as 32-bit words. */
  readonly words: readonly [key0: number, key1: number, high0: number, high1: number]
  /** An element is 0 where the low 23 bits of its word are below this, else `factor`. */
  readonly below: number
  readonly factor: number
}

export const install = (): void =>
  define<never>("DropoutMask", ({ attributes, functions, at, make }) => {
    const { shape, words, below, factor } = attributes as unknown as Attributes
    const mask = make(shape)
    functions.dropout_mask(at(mask), sizeOf(shape), 0, ...words, below, factor)
    return [mask]
  })
