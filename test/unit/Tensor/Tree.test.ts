import { expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"

it("zip refuses trees that have not the same paths, and names the path", () => {
  const add = (a: number, b: number) => a + b
  expect(Tree.zip({ a: 1, b: 2 }, { b: 20, a: 10 }, add)).toEqual({ a: 11, b: 22 })
  expect(() => Tree.zip({ a: 1, "h.w": 2 }, { a: 1 }, add)).toThrow("Tensor h.w was expected to be present and is absent.")
  expect(() => Tree.zip({ a: 1 }, { a: 1, "h.w": 2 }, add)).toThrow("Tensor h.w was expected to be absent and is present.")
  // A path is a path, even when every object inherits it.
  expect(() => Tree.zip({ constructor: 1 } as Tree.Tree<number>, {}, add)).toThrow(Tree.TreeMismatch)
})

it("under undoes prefix, and takes whole names only", () => {
  const tree = { weight: 1, "norm.bias": 2 }
  const prefixed = Tree.prefix(tree, "layer.1")
  expect(Object.keys(prefixed)).toEqual(["layer.1.weight", "layer.1.norm.bias"])
  expect(Tree.under({ ...prefixed, "layer.10.weight": 3, "layer.1": 4 }, "layer.1")).toEqual(tree)
})

it("pick takes paths in the order asked", () => {
  expect(Object.entries(Tree.pick({ a: 1, b: 2, c: 3 }, ["c", "a"]))).toEqual([
    ["c", 3],
    ["a", 1]
  ])
  expect(() => Tree.pick({ a: 1 }, ["toString"])).toThrow(Tree.TreeMismatch)
  expect(Tree.filter({ a: 1, b: 2 }, (path) => path !== "a")).toEqual({ b: 2 })
})

it("sameShapes names the path, what was expected and what was found", () => {
  const expected = { "h.w": HostTensor.zeros([2, 3]), b: HostTensor.zeros([3]) }
  expect(() => Tree.sameShapes(expected, { b: HostTensor.ones([3]), "h.w": HostTensor.ones([2, 3]) })).not.toThrow()
  expect(() => Tree.sameShapes(expected, { ...expected, "h.w": HostTensor.zeros([3, 2]) })).toThrow(
    "Tensor h.w was expected to be float32 [2,3] and is float32 [3,2]."
  )
  expect(() => Tree.sameShapes(expected, { ...expected, b: HostTensor.zeros([3], "int32") })).toThrow(
    /float32 \[3\] and is int32 \[3\]/
  )
})
