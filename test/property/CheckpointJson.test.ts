import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as PythonJson from "../../src/Format/PythonJson.ts"

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "binary" }).map((s) => `\0${s}`),
  fc.constantFrom("NaN", "\0nNaN", 'a"Infinity', '"\0n1', "\\", '\\"NaN')
)
const large = fc.bigInt().filter((n) => !Number.isSafeInteger(Number(n)))
const leaf = fc.oneof(fc.double(), fc.integer(), text, fc.boolean(), fc.constant(null), large)
const name = text.filter((key) => key !== "__proto__")
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value")), fc.dictionary(name, tie("value"), { noNullPrototype: true }))
}))
const rounded = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value)

describe("Json", () => {
  test("parse(stringify(value)) is the value", () =>
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1), (value, indent) => {
        expect(PythonJson.parse(PythonJson.stringify(value, indent))).toStrictEqual(value)
      }),
      { numRuns: 1000 }
    ))

  test("reads what JSON.stringify wrote; integers beyond 2^53 as bigints", () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = JSON.stringify(value)
        expect(JSON.parse(JSON.stringify(PythonJson.parse(written), rounded))).toEqual(JSON.parse(written))
      }),
      { numRuns: 500 }
    ))

  test("reads what Python writes", () => {
    const read = PythonJson.parse(
      '{"num_train_epochs": 9223372036854775807, "a": [NaN, -Infinity, Infinity, -0.0, 1e22, 0.1234567890123456789], "NaN": "NaN"}'
    )
    expect(read).toStrictEqual({
      num_train_epochs: 9223372036854775807n,
      a: [Number.NaN, -Infinity, Infinity, -0, 1e22, 0.12345678901234568],
      NaN: "NaN"
    })
  })

  test("refuses what is no JSON", () => {
    for (const bad of ["", "{", "[1,]", '{"a": nan}', "NaNs"]) expect(() => PythonJson.parse(bad)).toThrow(SyntaxError)
  })
})
