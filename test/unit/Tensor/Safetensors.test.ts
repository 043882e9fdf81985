import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Safetensors from "../../../src/Tensor/Safetensors.ts"

/** Files of the reference implementation. */
const reference: { readonly all: string; readonly own: string } = JSON.parse(
  readFileSync(new URL("safetensors.json", import.meta.url), "utf8")
)
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"))

const own = {
  "b.weight": HostTensor.fromArray([
    [-2.5, -1.5, -0.5],
    [0.5, 1.5, 2.5]
  ]),
  "a.ids": HostTensor.fromArray([1, -2], "int32"),
  mask: HostTensor.fromArray([[1, 0, 1]], "bool"),
  scalar: HostTensor.scalar(3)
}

describe("the reference implementation's files", () => {
  it("are read with the documented casts", () => {
    const { tensors, metadata, stored } = Safetensors.decode(bytesOf(reference.all))
    expect(tensors).toEqual({
      ...own,
      half: HostTensor.make("float32", [4], Float32Array.from([1.5, -0.25, 65504, 2 ** -24])),
      wide: HostTensor.fromArray([1, -7], "int32"),
      double: HostTensor.make("float32", [1], Float32Array.from([0.1])),
      byte: HostTensor.fromArray([200], "int32")
    })
    expect(metadata).toEqual({ format: "pt" })
    expect(stored).toEqual({ half: "F16", wide: "I64", double: "F64", byte: "U8" })
  })
  it("are written byte for byte", () => {
    expect(Safetensors.encode(own, { metadata: { format: "pt" } })).toEqual(bytesOf(reference.own))
  })
})

/** A file with this header, and `size` bytes after it. */
const file = (header: unknown, size = 0) => {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + size)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}
const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({ dtype, shape, data_offsets: [begin, end] })
const claims = (length: bigint) => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, length, true)
  return bytes
}
const scalar = '{"dtype":"F32","shape":[],"data_offsets":[0,4]}'

describe("invalid files", () => {
  it.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(0), /expected at least 8 bytes, but it has 0/],
    ["a huge header", claims(2n ** 63n), /claims/],
    ["a header longer than the file", claims(100n), /claims 100 bytes/],
    ["no JSON", file("{"), /not JSON/],
    ["no UTF-8", new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0x80]), /not JSON in UTF-8/],
    ["an array", file([]), /not a JSON object/],
    ["leading space", file(" {}"), /not a JSON object/],
    ["metadata of numbers", file({ __metadata__: { a: 1 } }), /__metadata__/],
    ["an entry that is null", file({ w: null }), /tensor w:/],
    ["an unknown dtype", file({ w: entry("F8_E4M3", [1], 0, 1) }, 1), /tensor w: dtype "F8_E4M3"/],
    ["a dtype of Object.prototype", file({ w: entry("constructor", [1], 0, 4) }, 4), /tensor w: dtype/],
    ["a negative dimension", file({ w: entry("F32", [-1], 0, 4) }, 4), /tensor w: its shape/],
    ["a fractional dimension", file({ w: entry("F32", [0.5], 0, 2) }, 2), /tensor w: its shape/],
    ["offsets that are text", file({ w: entry("F32", [1], "0", "4") }, 4), /tensor w: its offsets/],
    ["too few bytes for the shape", file({ w: entry("F32", [2], 0, 4) }, 4), /tensor w: shape \[2\] of F32 takes 8 bytes/],
    ["a shape that overflows", file({ w: entry("F32", [2 ** 52, 2 ** 52], 0, 4) }, 4), /tensor w: shape/],
    ["end before begin", file({ w: entry("F32", [1], 4, 0) }, 4), /tensor w: shape/],
    [
      "an overlap",
      file({ a: entry("F32", [2], 0, 8), w: entry("F32", [1], 4, 8) }, 8),
      /tensor w: expected it to begin at byte 8, but it begins at 4/
    ],
    [
      "a gap",
      file({ a: entry("F32", [1], 0, 4), w: entry("F32", [1], 8, 12) }, 12),
      /tensor w: expected it to begin at byte 4, but it begins at 8/
    ],
    ["truncated", file({ w: entry("F32", [2], 0, 8) }, 7), /tensor w: it ends at byte 8/],
    ["bytes left over", file({ w: entry("F32", [1], 0, 4) }, 5), /1 bytes at the end/],
    ["a name twice", file(`{"w":${scalar},"\\u0077" ${" ".repeat(99)}:${scalar}}`, 4), /tensor w: its name occurs twice/],
    ["a BOOL of 2", file({ w: entry("BOOL", [1], 0, 1) }, 1).fill(2, -1), /tensor w: expected 0 or 1 for BOOL, but got 2/]
  ])("refuses %s", (_, bytes, message) => {
    expect(() => Safetensors.decode(bytes)).toThrow(Safetensors.InvalidSafetensors)
    expect(() => Safetensors.decode(bytes)).toThrow(message)
  })
  it("refuses an I64 out of the range of int32", () => {
    const bytes = file({ w: entry("I64", [1], 0, 8) }, 8)
    bytes[bytes.length - 2] = 1
    expect(() => Safetensors.decode(bytes)).toThrow(/Tensor w holds 281474976710656/)
  })
  it("does not set a prototype for a tensor called __proto__", () => {
    const { tensors } = Safetensors.decode(file(`{"__proto__":${scalar}}`, 4))
    expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype)
    expect(Object.keys(tensors)).toEqual(["__proto__"])
  })
  it("refuses a tensor called __metadata__", () => {
    expect(() => Safetensors.encode({ __metadata__: HostTensor.scalar(1) })).toThrow(Safetensors.InvalidSafetensors)
  })
})

it("reads BF16 as the upper half of a float32", () => {
  const bytes = file({ w: entry("BF16", [2], 0, 4) }, 4)
  bytes.set([0xc0, 0x3f, 0x80, 0xff], bytes.length - 4)
  expect([...Safetensors.decode(bytes).tensors.w!.data]).toEqual([1.5, Number.NEGATIVE_INFINITY])
})

it("reads from within a larger, unaligned buffer", () => {
  const bytes = Safetensors.encode(own)
  const larger = new Uint8Array(bytes.length + 3)
  larger.set(bytes, 3)
  expect(Safetensors.decode(larger.subarray(3)).tensors).toEqual(own)
})

it("copies what it decodes from a Node Buffer", () => {
  const bytes = Buffer.from(Safetensors.encode(own))
  const { tensors } = Safetensors.decode(bytes)
  bytes.fill(0)
  expect(tensors).toEqual(own)
})

describe("stored in another format", () => {
  const bytesOf = (format: Safetensors.Stored, tensor: HostTensor.HostTensor) => {
    const bytes = Safetensors.encode({ w: tensor }, { stored: { w: format } })
    return bytes.slice(bytes.length - Safetensors.byteLength(tensor, format))
  }
  it.each(["F16", "BF16"] as const)("reads and writes every %s without loss", (format) => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const bytes = file({ w: entry(format, [65536], 0, 131072) }, 131072)
    bytes.set(new Uint8Array(patterns.buffer), bytes.length - 131072)
    const { tensors, stored } = Safetensors.decode(bytes)
    const again = new Uint16Array(bytesOf(format, tensors.w!).buffer)
    expect(stored).toEqual({ w: format })
    const isNaN = (bits: number) => Number.isNaN(tensors.w!.data[bits])
    expect(patterns.filter((bits) => again[bits] !== bits && !isNaN(bits))).toEqual(new Uint16Array())
    const backFromNaN = Safetensors.decode(Safetensors.encode(tensors, { stored })).tensors.w!
    expect(patterns.filter((bits) => isNaN(bits) && !Number.isNaN(backFromNaN.data[bits]))).toEqual(new Uint16Array())
  })
  it.each([
    ["F16", 2049, 2048],
    ["F16", 2051, 2052],
    ["F16", 65519, 65504],
    ["F16", 65520, Number.POSITIVE_INFINITY],
    ["F16", -(2 ** -25), -0],
    ["F16", 1.5 * 2 ** -25, 2 ** -24],
    ["F16", 2 ** -14 * (1 - 2 ** -12), 2 ** -14],
    ["BF16", 257, 256],
    ["BF16", 259, 260],
    ["BF16", 3.4e38, Number.POSITIVE_INFINITY],
    ["F64", 0.1, Math.fround(0.1)],
    ["I64", -7, -7],
    ["U8", 255, 255],
    ["I8", -128, -128]
  ] as const)("rounds in %s %d to %d", (format, value, expected) => {
    const dtype = format.includes("F") ? "float32" : "int32"
    const tensor = HostTensor.make(dtype, [1], dtype === "float32" ? Float32Array.of(value) : Int32Array.of(value))
    expect(Safetensors.decode(Safetensors.encode({ w: tensor }, { stored: { w: format } })).tensors.w!.data[0]).toBe(expected)
  })
  it("refuses a whole number out of range, and another kind of number", () => {
    const ids = HostTensor.fromArray([1, 256], "int32")
    expect(() => bytesOf("U8", ids)).toThrow(/Tensor w holds 256 \(I32\), which is out of range for U8/)
    expect(() => bytesOf("F16", ids)).toThrow(/a int32 tensor of shape \[2\] cannot be stored as F16/)
    expect(() => bytesOf("BOOL", ids)).toThrow(Safetensors.InvalidSafetensors)
  })
})
