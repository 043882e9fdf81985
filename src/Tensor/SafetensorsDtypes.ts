/** Converts between the number formats of safetensors and the host's dtypes: reading widens or narrows, writing rounds to nearest even. */
import { type DType, type HostTensor, sizeOf, type Values } from "./HostTensor.ts"
import { InvalidSafetensors, OutOfRange } from "./SafetensorsErrors.ts"

/** How numbers are stored in a file. */
export type Stored = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U16" | "U8" | "BOOL"

interface Format {
  readonly dtype: DType
  /** Bytes of an element. */
  readonly size: number
  readonly read: (buffer: ArrayBuffer, tensor: string) => Values
  readonly write: (values: Values, tensor: string) => ArrayBufferView
}

/** In the order of a file: the reference implementation's, wide elements first, so that all are aligned. */
export const formats: Readonly<Record<Stored, Format>> = {
  I64: { dtype: "int32", size: 8, read: narrowed, write: (values) => BigInt64Array.from(values, BigInt) },
  F64: {
    dtype: "float32",
    size: 8,
    read: (buffer) => Float32Array.from(new Float64Array(buffer)),
    write: (values) => Float64Array.from(values)
  },
  F32: { dtype: "float32", size: 4, read: (buffer) => new Float32Array(buffer), write: (values) => values },
  I32: { dtype: "int32", size: 4, read: (buffer) => new Int32Array(buffer), write: (values) => values },
  BF16: {
    dtype: "float32",
    size: 2,
    read: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (x) => x << 16).buffer),
    write: (values) => Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), upperHalf)
  },
  F16: {
    dtype: "float32",
    size: 2,
    read: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToFloat),
    write: (values) => Uint16Array.from(values, floatToHalf)
  },
  U16: whole("U16", Uint16Array),
  I16: whole("I16", Int16Array),
  I8: whole("I8", Int8Array),
  U8: whole("U8", Uint8Array),
  BOOL: { dtype: "bool", size: 1, read: booleans, write: (values) => values }
}

/** The format of each host dtype. */
export const own = { float32: "F32", int32: "I32", bool: "BOOL" } as const

/** Bytes of an element, by format. */
export const sizes: ReadonlyMap<string, number> = new Map(Object.entries(formats).map(([name, { size }]) => [name, size]))

/** Makes a tensor from its bytes, without copying them where it can. */
export const read = (stored: Stored, shape: ReadonlyArray<number>, buffer: ArrayBuffer, name: string): HostTensor => {
  const { dtype, read: values } = formats[stored]
  return { dtype, shape, data: values(buffer, name) }
}

/** Returns a tensor's bytes. **Errors**: throws `OutOfRange`, and `InvalidSafetensors` when the format is not one of the tensor's kind (whole numbers, floats, booleans). */
export const write = (stored: Stored, { dtype, data, shape }: HostTensor, name: string): Uint8Array => {
  const format = formats[stored]
  if (format.dtype !== dtype || data.length !== sizeOf(shape))
    throw new InvalidSafetensors({ tensor: name, reason: `a ${dtype} tensor of shape [${shape}] cannot be stored as ${stored}` })
  const { buffer, byteOffset, byteLength } = format.write(data, name)
  return new Uint8Array(buffer, byteOffset, byteLength)
}

type WholeArray = typeof Uint16Array | typeof Int16Array | typeof Int8Array | typeof Uint8Array

function whole(stored: Stored, TypedArray: WholeArray): Format {
  return {
    dtype: "int32",
    size: TypedArray.BYTES_PER_ELEMENT,
    read: (buffer) => Int32Array.from(new TypedArray(buffer)),
    write: (values, tensor) => {
      const data = new TypedArray(values)
      const at = data.findIndex((value, i) => value !== values[i])
      if (at !== -1) throw new OutOfRange({ tensor, value: String(values[at]), from: "I32", to: stored })
      return data
    }
  }
}

function narrowed(buffer: ArrayBuffer, tensor: string): Int32Array {
  const wide = new BigInt64Array(buffer)
  const data = new Int32Array(wide.length)
  for (const [i, value] of wide.entries()) {
    data[i] = Number(value)
    if (BigInt(data[i]!) !== value) throw new OutOfRange({ tensor, value: String(value), from: "I64", to: "int32" })
  }
  return data
}

function booleans(buffer: ArrayBuffer, tensor: string): Uint8Array {
  const data = new Uint8Array(buffer)
  const odd = data.find((value) => value > 1)
  if (odd !== undefined) throw new InvalidSafetensors({ tensor, reason: `expected 0 or 1 for BOOL, but got ${odd}` })
  return data
}

/** IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** What is beyond 65504 by half a unit or more is infinite. */
function floatToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  // A fraction that rounds up to 1024 carries into the exponent, as it should.
  const fraction = toEven(size * 2 ** (10 - exponent)) - (size < 2 ** -14 ? 0 : 1024)
  return sign | ((size < 2 ** -14 ? 0 : (exponent + 15) << 10) + fraction)
}

/** Rounds the bits of a float32 to their upper half; a NaN stays one. */
function upperHalf(bits: number): number {
  return (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

const toEven = (x: number): number => {
  const below = Math.floor(x)
  const rest = x - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}
