/**
 * The safetensors format: tensors by name in one file, with nothing in it that can be executed. Bytes in, bytes out; files are the checkpoint's business.
 * **Source**: the format of Hugging Face's safetensors 0.4: eight bytes of header length, a JSON header, then the tensors' bytes, little-endian.
 */
import { Schema } from "effect"
import type { HostTensor, HostTensors, Values } from "./HostTensor.ts"
import { type Entry, InvalidSafetensors, readHeader } from "./SafetensorsHeader.ts"

export { InvalidSafetensors }

/** How numbers are stored in a file. */
export type Stored = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U16" | "U8" | "BOOL"

export interface File {
  readonly tensors: HostTensors
  /** Free text by name: `{ format: "pt" }` in files that PyTorch is to read. */
  readonly metadata: Readonly<Record<string, string>>
  /** How each tensor was stored, for those that were cast. */
  readonly stored: Readonly<Record<string, string>>
}

/** A number in the file that the host dtype has no room for. */
export class OutOfRange extends Schema.TaggedError<OutOfRange>()("OutOfRange", {
  tensor: Schema.String,
  value: Schema.String,
  stored: Schema.String
}) {
  override get message() {
    return `Tensor ${this.tensor} holds ${this.value} as ${this.stored}, which does not fit into int32.`
  }
}

/**
 * Encodes tensors: float32 as F32, int32 as I32, bool as BOOL. **Law**: `decode` undoes it, bit for bit; equal tensors give equal bytes,
 * whatever their order (the file has float32 first, then int32, then bool, and each by name, as the reference implementation).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { HostTensor, Safetensors } from "regimen"
 *
 * const tensors = { "layer.weight": HostTensor.fromArray([[1, 2], [3, 4]]) }
 * assert.deepEqual(Safetensors.decode(Safetensors.encode(tensors)).tensors, tensors)
 * ```
 */
export const encode = (tensors: HostTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> => {
  if (Object.hasOwn(tensors, "__metadata__"))
    throw new InvalidSafetensors({ tensor: "__metadata__", reason: "the format keeps this name for itself" })
  const order = Object.entries(tensors).sort(([a, x], [b, y]) => rank[x.dtype] - rank[y.dtype] || (a < b ? -1 : a > b ? 1 : 0))
  const fields: Array<string> = []
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`)
  let end = 0
  for (const [name, { dtype, shape, data }] of order) {
    const begin = end
    end += data.byteLength
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: written[dtype], shape, data_offsets: [begin, end] })}`)
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`)
  const header = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + header + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header), true)
  // Spaces up to a multiple of eight, so that the numbers are aligned.
  bytes.fill(0x20, 8, 8 + header)
  bytes.set(json, 8)
  let at = 8 + header
  for (const [, { data }] of order) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/**
 * Decodes a file, and trusts nothing in it. F16, BF16 and F64 become float32 (F64 is rounded), I8, I16, I64, U8 and U16 become int32; `stored` tells which were cast.
 * **Errors**: throws `InvalidSafetensors`, which names the tensor, for a file that breaks a rule of the format, and `OutOfRange` for an I64 outside of int32.
 */
export const decode = (bytes: Uint8Array): File => {
  const { entries, metadata, dataStart } = readHeader(bytes, storedSizes)
  const tensors: Record<string, HostTensor> = {}
  const stored: Record<string, string> = {}
  for (const entry of entries) {
    const { name, dtype, shape } = entry
    const reader = readers[dtype as Stored]
    // A copy of its own: aligned, and the file's buffer can go.
    const raw = bytes.slice(dataStart + entry.begin, dataStart + entry.end)
    define(tensors, name, { dtype: reader.dtype, shape, data: reader.read(raw.buffer, entry) })
    if (written[reader.dtype] !== dtype) define(stored, name, dtype)
  }
  return { tensors, metadata, stored }
}

interface Reader {
  readonly dtype: HostTensor["dtype"]
  /** Bytes of an element. */
  readonly size: number
  readonly read: (buffer: ArrayBuffer, entry: Entry) => Values
}

/** Wide elements first, so that all are aligned. */
const rank = { float32: 0, int32: 1, bool: 2 } as const

const written = { float32: "F32", int32: "I32", bool: "BOOL" } as const

const readers: Readonly<Record<Stored, Reader>> = {
  F64: { dtype: "float32", size: 8, read: (buffer) => Float32Array.from(new Float64Array(buffer)) },
  F32: { dtype: "float32", size: 4, read: (buffer) => new Float32Array(buffer) },
  F16: { dtype: "float32", size: 2, read: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToFloat) },
  BF16: {
    dtype: "float32",
    size: 2,
    read: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (x) => x << 16).buffer)
  },
  I64: { dtype: "int32", size: 8, read: narrowed },
  I32: { dtype: "int32", size: 4, read: (buffer) => new Int32Array(buffer) },
  I16: { dtype: "int32", size: 2, read: (buffer) => Int32Array.from(new Int16Array(buffer)) },
  I8: { dtype: "int32", size: 1, read: (buffer) => Int32Array.from(new Int8Array(buffer)) },
  U16: { dtype: "int32", size: 2, read: (buffer) => Int32Array.from(new Uint16Array(buffer)) },
  U8: { dtype: "int32", size: 1, read: (buffer) => Int32Array.from(new Uint8Array(buffer)) },
  BOOL: { dtype: "bool", size: 1, read: booleans }
}

const storedSizes: ReadonlyMap<string, number> = new Map(Object.entries(readers).map(([dtype, { size }]) => [dtype, size]))

function narrowed(buffer: ArrayBuffer, { name, dtype }: Entry): Int32Array {
  const wide = new BigInt64Array(buffer)
  const data = new Int32Array(wide.length)
  for (const [i, value] of wide.entries()) {
    data[i] = Number(value)
    if (BigInt(data[i]!) !== value) throw new OutOfRange({ tensor: name, value: String(value), stored: dtype })
  }
  return data
}

function booleans(buffer: ArrayBuffer, { name }: Entry): Uint8Array {
  const data = new Uint8Array(buffer)
  const odd = data.find((value) => value > 1)
  if (odd !== undefined) throw new InvalidSafetensors({ tensor: name, reason: `a BOOL is 0 or 1, and one is ${odd}` })
  return data
}

/** IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction. */
const halfToFloat = (half: number): number => {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Sets an own property whatever its name (`__proto__` is a name like any other). */
const define = <A>(record: Record<string, A>, name: string, value: A): void => {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true })
}
