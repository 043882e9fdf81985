/** TestModels questions about scores: which is best, whether any is left, whether they are numbers. */
import { expect, it } from "@effect/vitest"
import * as LogitsProcessors from "../../../../src/Model/Generation/LogitsProcessors.ts"

const of = (...scores: ReadonlyArray<number>) => Float32Array.from(scores)

it("of equal scores the first is the best", () => {
  expect(LogitsProcessors.best(of(1, 3, 3))).toBe(1)
  expect(LogitsProcessors.highest(of(2, 3, 1, 3, 2), 3)).toEqual([1, 3, 0])
  expect(LogitsProcessors.highest(of(2, 3), 9)).toEqual([1, 0])
})

it("a model's scores are numbers; only never is infinite", () => {
  expect(LogitsProcessors.isSound(of(1, -Infinity, -3))).toBe(true)
  expect(LogitsProcessors.isSound(of(1, Infinity))).toBe(false)
  expect(LogitsProcessors.isSound(of(1, Number.NaN))).toBe(false)
})

it("no token is left where all are forbidden, or none is a number", () => {
  expect(LogitsProcessors.allows(of(-Infinity, -9))).toBe(true)
  expect(LogitsProcessors.allows(of(-Infinity, -Infinity))).toBe(false)
  expect(LogitsProcessors.allows(LogitsProcessors.logSoftmax(of(-Infinity, -Infinity)))).toBe(false)
})

it("logarithms of probabilities add up to one, however large the scores are", () => {
  const shares = Array.from(LogitsProcessors.logSoftmax(of(1000, 999, -Infinity)), Math.exp)
  expect(shares[0]! + shares[1]!).toBeCloseTo(1, 6)
  expect(shares[0]! / shares[1]!).toBeCloseTo(Math.E, 4)
  expect(shares[2]).toBe(0)
})
