import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"

const path = fc.stringMatching(/^[a-z0-9]{1,3}(\.[a-z0-9]{1,3}){0,3}$/)
const tree = fc.dictionary(path, fc.integer(), { noNullPrototype: true })

it("under inverts prefix, beside any other paths", () => {
  fc.assert(
    fc.property(tree, path, tree, (own, name, others) => {
      const strangers = Tree.filter(others, (key) => !key.startsWith(`${name}.`))
      expect(Tree.under({ ...strangers, ...Tree.prefix(own, name) }, name)).toEqual(own)
    }),
    { numRuns: 300 }
  )
})

it("map does not change the paths, and zip with itself is map", () => {
  fc.assert(
    fc.property(tree, (own) => {
      expect(Tree.map(own, (x) => x)).toEqual(own)
      expect(Tree.zip(own, Object.fromEntries(Object.entries(own).reverse()), (a, b) => [a, b])).toEqual(
        Tree.map(own, (x) => [x, x])
      )
    }),
    { numRuns: 200 }
  )
})

it("fromArray inverts toArray", () => {
  const shape = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 })
  const tensor = shape.chain((dimensions) => {
    const length = HostTensor.sizeOf(dimensions)
    return fc.float32Array({ minLength: length, maxLength: length }).map((data) => HostTensor.make("float32", dimensions, data))
  })
  fc.assert(
    fc.property(tensor, (own) => {
      expect(HostTensor.equals(HostTensor.fromArray(HostTensor.toArray(own)), own)).toBe(true)
    }),
    { numRuns: 300 }
  )
})
