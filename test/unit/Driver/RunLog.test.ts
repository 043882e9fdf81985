/** The log in checkpoints: what a resumed run logs again is in it once, what one attempt logs twice is in it twice. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RunLog from "../../../src/Driver/RunLog.ts"
import * as State from "../../../src/TrainerState.ts"

const logger = { log: () => Effect.void, flush: Effect.void }
/** The state of an event, whose log has so many entries. */
const state = (historyLength: number) => ({ ...State.initial, step: 3, epoch: 0.75, historyLength })
const result = (eval_loss: number) => ({ metrics: { eval_loss }, clock: {}, figures: {} })
const losses = (log: RunLog.RunLog) => log.history().map(({ values }) => values.eval_loss)

describe("history", () => {
  it.effect("keeps both evaluations of a step: that of a callback and that of the epoch", () =>
    Effect.gen(function* () {
      const log = yield* RunLog.make({ run: "a", attempt: 0 }, logger, [])
      yield* log.evaluation(state(1), "eval", result(2))
      yield* log.evaluation(state(2), "eval", result(2))
      expect(losses(log)).toEqual([2, 2])
    })
  )

  it.effect("replaces an entry of the interrupted attempt that the resumed one logs again", () =>
    Effect.gen(function* () {
      const interrupted = yield* RunLog.make({ run: "a", attempt: 0 }, logger, [])
      yield* interrupted.evaluation(state(1), "eval", result(2))
      const log = yield* RunLog.make({ run: "a", attempt: 1 }, logger, interrupted.history())
      yield* log.evaluation(state(1), "eval", result(3))
      expect(losses(log)).toEqual([3])
    })
  )
})
