import fc from "fast-check"
import { expect, test } from "vitest"
import * as Joining from "../../src/Data/Joining.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"

const part = fc
  .tuple(fc.nat(3), fc.nat(4), fc.nat(2))
  .map(([rows, length, seed]) => HostTensor.full([rows, length, 2], seed, "int32"))

test("joining is associative", () =>
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      const all = Joining.concatenate([a, b, c])
      expect(Joining.concatenate([Joining.concatenate([a, b]), c])).toEqual(all)
      expect(Joining.concatenate([a, Joining.concatenate([b, c])])).toEqual(all)
    }),
    { numRuns: 300 }
  ))
