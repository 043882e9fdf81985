import { readFileSync } from "node:fs"
import { Schema } from "effect"
import { expect, test } from "vitest"
import * as NestedConcat from "../../src/Data/NestedConcat.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"

const Nested: Schema.Codec<HostTensor.Nested> = Schema.Union([
  Schema.Number,
  Schema.Array(Schema.suspend((): Schema.Codec<HostTensor.Nested> => Nested))
])
const Padding = Schema.Struct({
  cases: Schema.Array(Schema.Struct({ case: Schema.String, a: Nested, b: Nested, out: Nested })),
  container: Schema.Struct({ in: Schema.Array(Nested), out: Nested })
})
const golden = Schema.decodeUnknownSync(Padding)(JSON.parse(readFileSync(new URL("./nested_padding.json", import.meta.url), "utf8")))
const tensors = (values: HostTensor.Nested) =>
  Object.fromEntries((Array.isArray(values) ? values : []).map((value: HostTensor.Nested, i: number) => [i, HostTensor.fromArray(value)]))

test.each(golden.cases.map((c) => [c.case, c] as const))("%s", (name, { a, b, out }) => {
  if (name.startsWith("tuple")) expect(NestedConcat.concatenateAll([tensors(a), tensors(b)])).toEqual(tensors(out))
  else
    for (const dtype of ["float32", "int32"] as const)
      expect(NestedConcat.concatenate([HostTensor.fromArray(a, dtype), HostTensor.fromArray(b, dtype)])).toEqual(HostTensor.fromArray(out, dtype))
})

test("concatenates many at once", () => {
  const parts = golden.container.in.map((part) => HostTensor.fromArray(part))
  expect(NestedConcat.concatenate(parts)).toEqual(HostTensor.fromArray(golden.container.out))
})

test("refuses what the Trainer refuses", () => {
  const [a, b] = [HostTensor.zeros([1, 2, 2]), HostTensor.zeros([1, 2, 3])]
  expect(() => NestedConcat.concatenate([a, b])).toThrow(/\[1,2,3\] cannot be concatenated with \[1,2,2\]/)
  expect(() => NestedConcat.concatenateAll([{ a }, { b }])).toThrow(/names a and b/)
  expect(() => NestedConcat.concatenate([a, HostTensor.zeros([1, 2, 2], "int32")])).toThrow(/int32 cannot be concatenated with float32/)
})
