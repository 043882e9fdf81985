/** Tensors in the host's memory, as in batches, checkpoints and initial weights. */
import { Schema } from "effect"
import { dual } from "effect/Function"
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import { type Tensor, type Tensors, tf } from "./Tensor.ts"

export { sizeOf } from "../TensorFlowFixes/Shape.ts"

export type DType = "float32" | "int32" | "bool"
export type Values = Float32Array | Int32Array | Uint8Array

/** **Shapes**: `data.length` is the product of `shape`; row-major. A bool is a byte, 0 or 1. */
export interface HostTensor {
  readonly dtype: DType
  readonly shape: ReadonlyArray<number>
  readonly data: Values
}

/** Host tensors by dotted path. */
export type HostTensors = Readonly<Record<string, HostTensor>>

/** Numbers in nested arrays, one level a dimension. */
export type Nested = number | ReadonlyArray<Nested>

export class InvalidTensor extends Schema.TaggedError<InvalidTensor>()("InvalidTensor", {
  /** The tensor's path, when it has one. */
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path === "" ? "A tensor" : `Tensor ${this.path}`} is not valid: ${this.reason}.`
  }
}

/** The typed array of each dtype. */
export const arrayOf = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/** Makes a tensor from its parts. **Errors**: throws `InvalidTensor` when the number or the type of the elements does not match. */
export const make = (dtype: DType, shape: ReadonlyArray<number>, data: Values): HostTensor => validate({ dtype, shape, data }, "")

/**
 * Makes a tensor from nested arrays. **Errors**: throws `InvalidTensor` when they are ragged, or an int32 is not a whole 32-bit number.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { HostTensor } from "regimen/nn"
 *
 * assert.deepEqual(HostTensor.fromArray([[1, 2, 3], [4, 5, 6]]).shape, [2, 3])
 * ```
 */
export const fromArray = (values: Nested, dtype: DType = "float32"): HostTensor => {
  const shape = shapeOf(values)
  const data = new arrayOf[dtype](sizeOf(shape))
  let at = 0
  const copy = (value: Nested, axis: number): void => {
    if (typeof value === "number") {
      if (axis !== shape.length) throw ragged(shape)
      data[at] = value
      if (dtype !== "float32" && data[at] !== value)
        throw new InvalidTensor({ path: "", reason: `${value} is not of dtype ${dtype}` })
      at += 1
    } else {
      if (value.length !== shape[axis]) throw ragged(shape)
      for (const inner of value) copy(inner, axis + 1)
    }
  }
  copy(values, 0)
  return { dtype, shape, data }
}

/** Makes a tensor of rank 0. */
export const scalar = (value: number, dtype: DType = "float32"): HostTensor => fromArray(value, dtype)

/** Makes a tensor of one repeated value. */
export const full = (shape: ReadonlyArray<number>, value: number, dtype: DType = "float32"): HostTensor => ({
  dtype,
  shape,
  data: new arrayOf[dtype](sizeOf(shape)).fill(value)
})

export const zeros = (shape: ReadonlyArray<number>, dtype: DType = "float32"): HostTensor => full(shape, 0, dtype)

export const ones = (shape: ReadonlyArray<number>, dtype: DType = "float32"): HostTensor => full(shape, 1, dtype)

/** Copies tensors from the device, synchronously. **Errors**: throws `InvalidTensor` for strings and complex numbers. */
export const fromDevice = (tensors: Tensors): HostTensors => mapPaths(tensors, one.fromDevice)

/** Copies tensors from the device, asynchronously. **Errors**: rejects with what `fromDevice` throws. */
export const awaitDevice = async (tensors: Tensors): Promise<HostTensors> => {
  const entries = Object.entries(tensors).map(async ([path, tensor]) => {
    one.readable(tensor, path)
    return [path, one.copy(tensor, (await tensor.data()) as Values)] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/**
 * Copies host tensors to the current device. The caller, or the surrounding tidy, owns the result.
 * **Errors**: throws `InvalidTensor` with the path of a tensor whose data do not match its shape and dtype.
 */
export const toDevice = (tensors: HostTensors): Tensors => tf.tidy(() => mapPaths(tensors, one.toDevice))

/** By the tensor's data, which reshaped tensors share. */
const origins = new WeakMap<object, Values>()

/** Returns the values of an integer tensor that `toDevice` copied, reshaped or not, without reading them back; undefined for others. */
export const hostValues = ({ dataId }: Tensor): Values | undefined => origins.get(dataId)

/** Compares dtype, shape and bits, where NaN equals NaN. */
export const equals: {
  (that: HostTensor): (self: HostTensor) => boolean
  (self: HostTensor, that: HostTensor): boolean
} = dual(
  2,
  (self: HostTensor, that: HostTensor): boolean =>
    self.dtype === that.dtype &&
    self.shape.length === that.shape.length &&
    self.shape.every((n, i) => n === that.shape[i]) &&
    self.data.length === that.data.length &&
    self.data.every((value, i) => Object.is(value, that.data[i]))
)

/** Converts a tensor to nested arrays. */
export const toArray = ({ shape, data }: HostTensor): Nested => {
  const at = (axis: number, start: number, size: number): Nested => {
    const length = shape[axis]
    if (length === undefined) return data[start] ?? 0
    const step = length === 0 ? 0 : size / length
    return Array.from({ length }, (_, i) => at(axis + 1, start + i * step, step))
  }
  return at(0, 0, data.length)
}

/** Checks that the parts of a tensor match. */
const validate = (tensor: HostTensor, path: string): HostTensor => {
  const { dtype, shape, data } = tensor
  const refuse = (reason: string) => new InvalidTensor({ path, reason })
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) throw refuse(`[${shape}] is not a shape`)
  if (!(data instanceof arrayOf[dtype]))
    throw refuse(`expected a ${arrayOf[dtype].name} for dtype ${dtype}, but got a ${data.constructor.name}`)
  if (data.length !== sizeOf(shape))
    throw refuse(`expected ${sizeOf(shape)} elements for shape [${shape}], but got ${data.length}`)
  return tensor
}

const one = {
  fromDevice: (tensor: Tensor, path: string): HostTensor => {
    one.readable(tensor, path)
    return one.copy(tensor, tensor.dataSync() as Values)
  },
  readable: ({ dtype, isDisposed }: Tensor, path: string): void => {
    if (!(dtype in arrayOf)) throw new InvalidTensor({ path, reason: `dtype ${dtype} is not supported on the host` })
    if (isDisposed) throw new InvalidTensor({ path, reason: "it was disposed" })
  },
  /** A copy: the cpu backend hands out its own array. */
  copy: ({ dtype, shape }: Tensor, values: Values): HostTensor => ({ dtype: dtype as DType, shape, data: values.slice() }),
  toDevice: (tensor: HostTensor, path: string): Tensor => {
    const { dtype, shape, data } = validate(tensor, path)
    // A copy: the cpu backend would keep the caller's array.
    const copied = tf.tensor(data.slice(), [...shape], dtype)
    if (dtype === "int32") origins.set(copied.dataId, data)
    return copied
  }
}

const mapPaths = <A, B>(record: Readonly<Record<string, A>>, f: (value: A, path: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([path, value]) => [path, f(value, path)]))

const shapeOf = (values: Nested): ReadonlyArray<number> =>
  typeof values === "number" ? [] : [values.length, ...(values[0] === undefined ? [] : shapeOf(values[0]))]

const ragged = (shape: ReadonlyArray<number>) =>
  new InvalidTensor({ path: "", reason: `the nested arrays are ragged: the first ones make the shape [${shape}], others differ` })
