import fc from "fast-check"
import { expect, test } from "vitest"
import * as NestedConcat from "../../src/Data/NestedConcat.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"

const part = fc
  .tuple(fc.nat(3), fc.nat(4), fc.nat(2))
  .map(([rows, length, seed]) => HostTensor.full([rows, length, 2], seed, "int32"))

test("joining is associative", () =>
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      const all = NestedConcat.concatenate([a, b, c])
      expect(NestedConcat.concatenate([NestedConcat.concatenate([a, b]), c])).toEqual(all)
      expect(NestedConcat.concatenate([a, NestedConcat.concatenate([b, c])])).toEqual(all)
    }),
    { numRuns: 300 }
  ))
