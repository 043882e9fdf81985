import { describe, expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"

describe("fromArray", () => {
  it("reads one level of nesting for each dimension", () => {
    const tensor = HostTensor.fromArray([
      [[1], [2]],
      [[3], [4]],
      [[5], [6]]
    ])
    expect(tensor).toEqual({ dtype: "float32", shape: [3, 2, 1], data: Float32Array.from([1, 2, 3, 4, 5, 6]) })
    expect(HostTensor.toArray(tensor)).toEqual([
      [[1], [2]],
      [[3], [4]],
      [[5], [6]]
    ])
    expect(HostTensor.fromArray(7, "int32")).toEqual({ dtype: "int32", shape: [], data: Int32Array.from([7]) })
    expect(HostTensor.toArray(HostTensor.zeros([2, 0]))).toEqual([[], []])
  })
  it.each([[[[1], [2, 3]]], [[[1], 2]], [[1, [2]]], [[[], [1]]]])("refuses %j", (ragged) => {
    expect(() => HostTensor.fromArray(ragged)).toThrow(/ragged/)
  })
  it.each([0.5, 2 ** 31, Number.NaN])("refuses %s as int32", (value) => {
    expect(() => HostTensor.fromArray([value], "int32")).toThrow(HostTensor.InvalidTensor)
  })
})

it("make refuses data that do not match shape or dtype", () => {
  expect(() => HostTensor.make("float32", [3], new Float32Array(2))).toThrow(/expected 3 elements for shape \[3\], but got 2/)
  expect(() => HostTensor.make("int32", [2], new Float32Array(2))).toThrow(/Int32Array/)
  expect(() => HostTensor.make("bool", [-1], new Uint8Array(1))).toThrow(/not a shape/)
})

it("equals compares bits, and NaN equals itself", () => {
  const a = HostTensor.fromArray([Number.NaN, 0])
  expect(HostTensor.equals(a, HostTensor.fromArray([Number.NaN, 0]))).toBe(true)
  expect(HostTensor.equals(a, HostTensor.fromArray([Number.NaN, -0]))).toBe(false)
  expect(HostTensor.equals(a, HostTensor.fromArray([[Number.NaN, 0]]))).toBe(false)
  expect(HostTensor.equals(HostTensor.fromArray([0]), HostTensor.fromArray([0], "int32"))).toBe(false)
})
