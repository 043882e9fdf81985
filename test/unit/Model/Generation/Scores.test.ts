/** Small questions about scores: which is best, whether any is left, whether they are numbers. */
import { expect, it } from "@effect/vitest"
import * as Scores from "../../../../src/Model/Generation/Scores.ts"

const of = (...scores: ReadonlyArray<number>) => Float32Array.from(scores)

it("of equal scores the first is the best", () => {
  expect(Scores.best(of(1, 3, 3))).toBe(1)
  expect(Scores.highest(of(2, 3, 1, 3, 2), 3)).toEqual([1, 3, 0])
  expect(Scores.highest(of(2, 3), 9)).toEqual([1, 0])
})

it("a model's scores are numbers; only never is infinite", () => {
  expect(Scores.isSound(of(1, -Infinity, -3))).toBe(true)
  expect(Scores.isSound(of(1, Infinity))).toBe(false)
  expect(Scores.isSound(of(1, Number.NaN))).toBe(false)
})

it("no token is left where all are forbidden, or none is a number", () => {
  expect(Scores.allows(of(-Infinity, -9))).toBe(true)
  expect(Scores.allows(of(-Infinity, -Infinity))).toBe(false)
  expect(Scores.allows(Scores.logSoftmax(of(-Infinity, -Infinity)))).toBe(false)
})

it("logarithms of probabilities add up to one, however large the scores are", () => {
  const shares = Array.from(Scores.logSoftmax(of(1000, 999, -Infinity)), Math.exp)
  expect(shares[0]! + shares[1]!).toBeCloseTo(1, 6)
  expect(shares[0]! / shares[1]!).toBeCloseTo(Math.E, 4)
  expect(shares[2]).toBe(0)
})
