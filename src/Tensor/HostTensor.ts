/** Tensors in the host's memory: what batches, checkpoints and initial weights are made of. */

export type DType = "float32" | "int32" | "bool"
export type Values = Float32Array | Int32Array | Uint8Array

/** **Shapes**: `data.length` is the product of `shape`; row-major. */
export interface HostTensor {
  readonly dtype: DType
  readonly shape: ReadonlyArray<number>
  readonly data: Values
}

/** Host tensors by dotted path. */
export type HostTensors = Readonly<Record<string, HostTensor>>

/** Counts the elements of a shape. */
export const sizeOf = (shape: ReadonlyArray<number>): number => shape.reduce((product, n) => product * n, 1)
