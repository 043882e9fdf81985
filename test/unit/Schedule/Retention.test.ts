import { expect, it } from "vitest"
import * as Retention from "../../../src/Schedule/Retention.ts"
import * as State from "../../../src/TrainerState.ts"

const state = (checkpoints: ReadonlyArray<number>, bestCheckpoint: number | null = null) => ({
  ...State.initial,
  checkpoints,
  bestCheckpoint
})

it("keepAll keeps every checkpoint", () => {
  expect(Retention.keepAll(state([1, 2, 3]), true)).toEqual([1, 2, 3])
})

it.each([
  ["the newest without a best", 2, [1, 2, 3, 4], null, false, [3, 4]],
  ["the newest of five without a best", 2, [1, 2, 3, 4, 5], null, false, [4, 5]],
  ["a best among the newest for a limit of 3", 3, [1, 2, 3, 4], 3, false, [2, 3, 4]],
  ["all at the end without a best", 2, [1, 2, 3, 4], null, true, [1, 2, 3, 4]],
  ["the newest where the best is not on disk", 2, [1, 2, 3, 4], 9, false, [3, 4]],
  ["best and newest for a limit of 1 in training", 1, [1, 2, 3, 4], 2, false, [2, 4]],
  ["the best for a limit of 1 at the end", 1, [2, 4], 2, true, [2]],
  ["all for a limit of 2 at the end", 2, [2, 4], 2, true, [2, 4]],
  ["one where the newest is the best, for a limit of 1", 1, [1, 2, 3, 4], 4, false, [4]],
  ["best and newest for a limit of 2", 2, [1, 2, 3, 4], 1, false, [1, 4]],
  ["the newest beside an older best for a limit of 3", 3, [1, 2, 3, 4], 1, false, [1, 3, 4]],
  ["the newest where it is the best, for a limit of 3", 3, [1, 2, 3, 4], 4, false, [2, 3, 4]]
] as const)("keepLast keeps %s", (_, limit, checkpoints, best, finished, kept) => {
  expect(Retention.keepLast(limit)(state(checkpoints, best), finished)).toEqual(kept)
})

it.each([0, -1, 1.5, Number.NaN])("keepLast refuses a limit of %d", (limit) => {
  expect(() => Retention.keepLast(limit)).toThrow(RangeError)
  expect(() => Retention.keepLast(limit)).toThrow(/at least 1/)
})
