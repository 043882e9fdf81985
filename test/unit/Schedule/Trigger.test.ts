import { expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Schedule from "../../../src/Schedule/Schedule.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as State from "../../../src/TrainerState.ts"

const horizon = Horizon.make({ maxSteps: 10, batchesPerEpoch: 4 })
const at = (step: number): State.TrainerState => ({ ...State.initial, step })

/** The updates of a run of ten at which a trigger fires. */
const fires = (trigger: Trigger.Trigger.Input): ReadonlyArray<number> =>
  Array.from({ length: 10 }, (_, i) => i + 1).filter((step) => trigger(at(step - 1), at(step), horizon))

it("fires where it says", () => {
  expect(fires(Trigger.never)).toEqual([])
  expect(fires(Trigger.every(3))).toEqual([3, 6, 9])
  expect(fires(Trigger.every("0.25dur"))).toEqual([3, 5, 8, 10])
  expect(fires(Trigger.reaches("4ba"))).toEqual([4])
  expect(fires(Trigger.onset(Schedule.reached("0.5dur")))).toEqual([5])
  expect(fires(Trigger.changes((state) => state.step % 5 === 0))).toEqual([1, 5, 6, 10])
  expect(fires(Trigger.not(Trigger.every(2)))).toEqual([1, 3, 5, 7, 9])
})

it("combines, also with plain functions, in both styles", () => {
  const odd: Trigger.Trigger.Input = (_, after) => after.step % 2 === 1
  expect(fires(Trigger.every(3).pipe(Trigger.and(odd)))).toEqual([3, 9])
  expect(fires(Trigger.and(odd, Trigger.every(3)))).toEqual([3, 9])
  expect(fires(Trigger.every(4).pipe(Trigger.or(Trigger.reaches(1))))).toEqual([1, 4, 8])
  expect(fires(Trigger.or(odd, Trigger.every(4)))).toEqual([1, 3, 4, 5, 7, 8, 9])
  expect(fires(Trigger.every(2).pipe(Trigger.when(Schedule.reached(5))))).toEqual([6, 8, 10])
  expect(fires(Trigger.when(odd, (state) => state.step > 5))).toEqual([7, 9])
})

it("fires at the end of an epoch by the count of ends, not by the cursor", () => {
  expect(Trigger.epochEnd(at(3), { ...at(3), epochsEnded: 1 }, horizon)).toBe(true)
  expect(Trigger.epochEnd(at(3), { ...at(4), position: { epoch: 1, batch: 0 } }, horizon)).toBe(false)
})

it("refuses a span of nothing, of which there are no multiples", () => {
  expect(() => Trigger.every(0)).toThrow(/no multiples/)
  expect(() => Trigger.every("0ep")).toThrow(/no multiples/)
})
