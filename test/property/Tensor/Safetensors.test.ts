import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Safetensors from "../../../src/Tensor/Safetensors.ts"

const tensor: fc.Arbitrary<HostTensor.HostTensor> = fc.array(fc.nat({ max: 3 }), { maxLength: 4 }).chain((shape) => {
  const length = { minLength: HostTensor.sizeOf(shape), maxLength: HostTensor.sizeOf(shape) }
  return fc.oneof(
    fc.float32Array(length).map((data) => HostTensor.make("float32", shape, data)),
    fc.int32Array(length).map((data) => HostTensor.make("int32", shape, data)),
    fc.uint8Array({ ...length, max: 1 }).map((data) => HostTensor.make("bool", shape, data))
  )
})
const name = fc.string({ unit: "grapheme" }).filter((text) => text !== "__metadata__")
const tensors = fc.dictionary(name, tensor, { maxKeys: 6, noNullPrototype: true })

it("decode inverts encode, bit for bit", () => {
  fc.assert(
    fc.property(tensors, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (expected, metadata) => {
      const file = Safetensors.decode(Safetensors.encode(expected, { metadata }))
      expect(Object.keys(file.tensors).sort()).toEqual(Object.keys(expected).sort())
      for (const [path, value] of Object.entries(expected)) expect(HostTensor.equals(file.tensors[path]!, value)).toBe(true)
      expect(file.metadata).toEqual(metadata)
      expect(file.stored).toEqual({})
    }),
    { numRuns: 300 }
  )
})

it("encode gives equal bytes for any order of equal tensors", () => {
  fc.assert(
    fc.property(tensors, (expected) => {
      const reversed = Object.fromEntries(Object.entries(expected).reverse())
      expect(Safetensors.encode(reversed)).toEqual(Safetensors.encode(expected))
    }),
    { numRuns: 200 }
  )
})

it("decode reads a damaged file or fails with a typed error", () => {
  const bytes = Safetensors.encode(
    { a: HostTensor.fromArray([1, 2, 3]), b: HostTensor.fromArray([[1], [0]], "bool") },
    { metadata: { format: "pt" } }
  )
  const damage = fc.record({
    cut: fc.nat(bytes.length),
    flips: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 })
  })
  fc.assert(
    fc.property(damage, ({ cut, flips }) => {
      const damaged = bytes.slice(0, bytes.length - (flips.length === 0 ? cut : 0))
      for (const [at, value] of flips) damaged[at] = value
      try {
        Safetensors.decode(damaged)
      } catch (error) {
        expect(error).toSatisfy((e) => e instanceof Safetensors.InvalidSafetensors || e instanceof Safetensors.OutOfRange)
      }
    }),
    { numRuns: 2000 }
  )
})
