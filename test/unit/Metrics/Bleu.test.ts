import { expect, it } from "vitest"
import * as Bleu from "../../../src/Metrics/Bleu.ts"

it("compares lengths with the reference of the nearest length, of two with the shorter", () => {
  const length = (...references: ReadonlyArray<string>) => Bleu.sentence("a b c d", references).reference
  expect(length("a b c d e", "a b c")).toBe(3)
  expect(length("a b", "a b c d e")).toBe(5)
})
