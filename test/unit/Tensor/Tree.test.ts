import { expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"

it("zip refuses trees with different paths, and names the path", () => {
  const add = (a: number, b: number) => a + b
  expect(Tree.zip({ a: 1, b: 2 }, { b: 20, a: 10 }, add)).toEqual({ a: 11, b: 22 })
  expect(() => Tree.zip({ a: 1, "h.w": 2 }, { a: 1 }, add)).toThrow("Expected tensor h.w to be present, but it is absent.")
  expect(() => Tree.zip({ a: 1 }, { a: 1, "h.w": 2 }, add)).toThrow("Expected tensor h.w to be absent, but it is present.")
  // A path is a path, even when every object inherits it.
  expect(() => Tree.zip({ constructor: 1 } as Tree.Tree<number>, {}, add)).toThrow(Tree.TreeMismatch)
})

it("under inverts prefix, and matches whole names only", () => {
  const tree = { weight: 1, "norm.bias": 2 }
  const prefixed = Tree.prefix(tree, "layer.1")
  expect(Object.keys(prefixed)).toEqual(["layer.1.weight", "layer.1.norm.bias"])
  expect(Tree.under({ ...prefixed, "layer.10.weight": 3, "layer.1": 4 }, "layer.1")).toEqual(tree)
})

it("pick returns the values in the given order", () => {
  expect(Object.entries(Tree.pick({ a: 1, b: 2, c: 3 }, ["c", "a"]))).toEqual([
    ["c", 3],
    ["a", 1]
  ])
  expect(() => Tree.pick({ a: 1 }, ["toString"])).toThrow(Tree.TreeMismatch)
  expect(Tree.filter({ a: 1, b: 2 }, (path) => path !== "a")).toEqual({ b: 2 })
})

it("sameShapes names the path, the expected and the actual shape", () => {
  const expected = { "h.w": HostTensor.zeros([2, 3]), b: HostTensor.zeros([3]) }
  expect(() => Tree.sameShapes(expected, { b: HostTensor.ones([3]), "h.w": HostTensor.ones([2, 3]) })).not.toThrow()
  expect(() => Tree.sameShapes(expected, { ...expected, "h.w": HostTensor.zeros([3, 2]) })).toThrow(
    "Expected tensor h.w to be float32 [2,3], but it is float32 [3,2]."
  )
  expect(() => Tree.sameShapes(expected, { ...expected, b: HostTensor.zeros([3], "int32") })).toThrow(
    /float32 \[3\], but it is int32 \[3\]/
  )
})
