/** Laws of retention: the newest and the best survive, and no more than the limit. */
import { Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Plan from "../../src/Schedule/Plan.ts"
import * as Retention from "../../src/Schedule/Retention.ts"
import * as Plans from "../../src/Testing/Arbitraries.ts"
import * as State from "../../src/TrainerState.ts"

const disk = fc
  .uniqueArray(fc.nat(100), { minLength: 1, maxLength: 9 })
  .map((steps) => steps.sort((a, b) => a - b))
  .chain((checkpoints) =>
    fc.record({ checkpoints: fc.constant(checkpoints), bestCheckpoint: fc.option(fc.constantFrom(...checkpoints)) })
  )
const limits = fc.integer({ min: 1, max: 5 })

it("in training it keeps the newest and the best, in order, and at most the limit, or two where they differ", () => {
  fc.assert(
    fc.property(disk, limits, (disk, limit) => {
      const state = { ...State.initial, ...disk }
      const kept = Retention.keepLast(limit)(state, false)
      const newest = disk.checkpoints.at(-1)!
      const best = disk.bestCheckpoint
      expect(kept).toContain(newest)
      if (best !== null) expect(kept).toContain(best)
      const most = best !== null && best !== newest ? Math.max(limit, 2) : limit
      expect(kept.length).toBe(Math.min(most, disk.checkpoints.length))
      expect(kept).toEqual(disk.checkpoints.filter((step) => kept.includes(step)))
      // what is deleted is older than what stays, but for the best
      const gone = disk.checkpoints.filter((step) => !kept.includes(step))
      for (const step of gone) expect(kept.filter((other) => other !== best && other < step)).toEqual([])
      expect(Retention.keepLast(limit)({ ...state, checkpoints: kept }, false)).toEqual(kept)
    }),
    { numRuns: 500 }
  )
})

it("at the end only a limit of one lets go of more: the best alone stays", () => {
  fc.assert(
    fc.property(disk, limits, (disk, limit) => {
      const kept = Retention.keepLast(limit)({ ...State.initial, ...disk }, true)
      expect(kept).toEqual(limit === 1 && disk.bestCheckpoint !== null ? [disk.bestCheckpoint] : disk.checkpoints)
    }),
    { numRuns: 300 }
  )
})

it("never lets the disk of a whole run grow beyond the limit", () => {
  fc.assert(
    fc.property(Plans.plan, Plans.script, limits, (plan, script, limit) => {
      const played = Plan.simulate({ ...plan, retention: Retention.keepLast(limit) }, script)
      if (Result.isFailure(played)) return
      for (const { _tag, state } of played.success.events)
        if (_tag === "Saved") {
          expect(state.checkpoints.length).toBeLessThanOrEqual(Math.max(limit, 2))
          expect(state.checkpoints.at(-1)).toBe(state.step)
        }
    }),
    { numRuns: 300 }
  )
})
