/** The log that checkpoints keep: what a resumed run replays stands there once, what one attempt does twice stands there twice. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RunLog from "../../../src/Driver/RunLog.ts"
import * as State from "../../../src/TrainerState.ts"

const logger = { log: () => Effect.void, flush: Effect.void }
const state = { ...State.initial, step: 3, epoch: 0.75 }
const found = (eval_loss: number) => ({ metrics: { eval_loss }, clock: {}, figures: {} })
const losses = (journal: RunLog.RunLog) => journal.history().map(({ values }) => values.eval_loss)

describe("history", () => {
  it.effect("keeps both evaluations of a step: one that a callback asked for, and the epoch's", () =>
    Effect.gen(function* () {
      const journal = yield* RunLog.make({ run: "a", attempt: 0 }, logger, [])
      yield* journal.evaluation(state, "eval", found(2))
      yield* journal.evaluation(state, "eval", found(2))
      expect(losses(journal)).toEqual([2, 2])
    })
  )

  it.effect("lets what a resumed run replays take the place of the entry before the cut", () =>
    Effect.gen(function* () {
      const cut = yield* RunLog.make({ run: "a", attempt: 0 }, logger, [])
      yield* cut.evaluation(state, "eval", found(2))
      const journal = yield* RunLog.make({ run: "a", attempt: 1 }, logger, cut.history())
      yield* journal.evaluation(state, "eval", found(3))
      expect(losses(journal)).toEqual([3])
    })
  )
})
