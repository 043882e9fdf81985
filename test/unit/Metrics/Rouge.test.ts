import { expect, it } from "vitest"
import * as Rouge from "../../../src/Metrics/Rouge.ts"

it("counts a word of a line once, in however many lines of the other it is", () => {
  expect(Rouge.text("a\na", ["a b"]).rougeLsum).toBe(1 / 2)
})

it("counts a word as often as both texts have it", () => {
  expect(Rouge.text("a", ["a\na"]).rougeLsum).toBe(2 / 3)
})
