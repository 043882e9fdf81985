/**
 * Encodes and decodes the safetensors format: tensors by name in one file, without executable content. Works on bytes; src/Checkpoint reads and writes files.
 * **Source**: the format of Hugging Face's safetensors 0.4: eight bytes of header length, a JSON header, then the tensors' bytes, little-endian.
 */
import type { HostTensor, HostTensors } from "./HostTensor.ts"
import * as Dtypes from "./SafetensorsDtypes.ts"
import { InvalidSafetensors } from "./SafetensorsErrors.ts"
import { type Entry, readHeader } from "./SafetensorsHeader.ts"

export type { Stored } from "./SafetensorsDtypes.ts"
export { InvalidSafetensors, OutOfRange } from "./SafetensorsErrors.ts"

export interface File {
  readonly tensors: HostTensors
  /** Text by name: `{ format: "pt" }` in files for PyTorch. */
  readonly metadata: Readonly<Record<string, string>>
  /** How each tensor was stored, for those that were cast. */
  readonly stored: Readonly<Record<string, Dtypes.Stored>>
}

export interface Options {
  readonly metadata?: Readonly<Record<string, string>>
  /** The format of each tensor where it is not that of its dtype, as in `stored` of a decoded file. Floats are rounded, whole numbers must be in range. */
  readonly stored?: Readonly<Record<string, Dtypes.Stored>>
}

/**
 * Encodes tensors: float32 as F32, int32 as I32, bool as BOOL, or as `stored`. **Law**: `decode` undoes it, bit for bit; equal tensors give equal bytes,
 * whatever their order (the file has wide formats first, and each by name, as the reference implementation).
 *
 * **Errors**: throws `OutOfRange` for a whole number outside of the range of its format, `InvalidSafetensors` for a format of another kind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { HostTensor, Safetensors } from "regimen/nn"
 *
 * const tensors = { "layer.weight": HostTensor.fromArray([[1, 2], [3, 4]]) }
 * assert.deepEqual(Safetensors.decode(Safetensors.encode(tensors)).tensors, tensors)
 * const half = Safetensors.encode(tensors, { stored: { "layer.weight": "F16" } })
 * assert.deepEqual(Safetensors.decode(half), { tensors, metadata: {}, stored: { "layer.weight": "F16" } })
 * ```
 */
export const encode = (tensors: HostTensors, options: Options = {}): Uint8Array<ArrayBuffer> => {
  const parts = [...chunks(tensors, options)]
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Encodes tensors piece by piece, the header first and then one tensor after the other, to write a file as a stream. **Law**: concatenated they are `encode`. */
export function* chunks(tensors: HostTensors, { metadata = {}, stored = {} }: Options = {}): Generator<Uint8Array> {
  if (Object.hasOwn(tensors, "__metadata__"))
    throw new InvalidSafetensors({ tensor: "__metadata__", reason: "the name is reserved by the format" })
  const rank = Object.keys(Dtypes.formats)
  const order = Object.entries(tensors)
    .map(([name, tensor]) => ({ name, tensor, format: Object.hasOwn(stored, name) ? stored[name]! : Dtypes.own[tensor.dtype] }))
    .sort((a, b) => rank.indexOf(a.format) - rank.indexOf(b.format) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const fields = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : []
  let end = 0
  for (const { name, tensor, format } of order) {
    const begin = end
    end += byteLength(tensor, format)
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: format, shape: tensor.shape, data_offsets: [begin, end] })}`)
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`)
  // Spaces up to a multiple of eight, so that the numbers are aligned.
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true)
  header.set(json, 8)
  yield header
  for (const { name, tensor, format } of order) yield Dtypes.write(format, tensor, name)
}

/** **Unit**: bytes that a tensor takes in a file. */
export const byteLength = ({ data }: HostTensor, format: Dtypes.Stored): number => data.length * Dtypes.formats[format].size

/**
 * Decodes a file and validates it. F16, BF16 and F64 become float32 (F64 is rounded), I8, I16, I64, U8 and U16 become int32; `stored` lists those that were cast.
 * **Errors**: throws `InvalidSafetensors`, which names the tensor, for a file that breaks a rule of the format, and `OutOfRange` for an I64 outside of int32.
 */
export const decode = (bytes: Uint8Array): File => {
  const { entries, metadata, dataStart } = readHeader(bytes, bytes.length)
  return collect(
    metadata,
    entries.map((entry) => [entry, decodeEntry(entry, bytes.subarray(dataStart + entry.begin, dataStart + entry.end))])
  )
}

/** Decodes one tensor of a file from its own bytes, which it copies. **Errors**: as `decode`. */
export const decodeEntry = ({ name, dtype, shape }: Entry, bytes: Uint8Array): HostTensor => {
  // A copy of its own: aligned, and the file's buffer can go. (A Node Buffer's `slice` would be no copy.)
  const own = new Uint8Array(bytes.length)
  own.set(bytes)
  return Dtypes.read(dtype, shape, own.buffer, name)
}

/** Combines decoded tensors into a file. */
export const collect = (
  metadata: File["metadata"],
  decoded: Iterable<readonly [Pick<Entry, "name" | "dtype">, HostTensor]>
): File => {
  const tensors: Record<string, HostTensor> = {}
  const stored: Record<string, Dtypes.Stored> = {}
  for (const [{ name, dtype }, tensor] of decoded) {
    define(tensors, name, tensor)
    if (Dtypes.own[tensor.dtype] !== dtype) define(stored, name, dtype)
  }
  return { tensors, metadata, stored }
}

/** Sets an own property whatever its name (`__proto__` is a name like any other). */
const define = <A>(record: Record<string, A>, name: string, value: A): void => {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true })
}
