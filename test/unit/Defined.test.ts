import { expect, it } from "vitest"
import { defined } from "../../src/Defined.ts"

it("leaves out undefined fields and keeps every other value", () => {
  const at: number | undefined = [1].at(5)
  const record: { readonly name: string; readonly at?: number } = { name: "run", ...defined({ at }) }
  expect(Object.keys(record)).toEqual(["name"])
  expect(defined({ a: null, b: false, c: 0, d: "", e: undefined })).toEqual({ a: null, b: false, c: 0, d: "" })
})
