/** The log in checkpoints: what a resumed run logs again is in it once, what one attempt logs twice is in it twice. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as RunLog from "../../../src/Driver/RunLog.ts"
import type { Entry } from "../../../src/Layer/Logger/Logger.ts"
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

/** The log of an attempt, and the entries that its logger is given. */
const recording = (attempt = 1) =>
  Effect.gen(function* () {
    const entries: Array<Entry> = []
    const log = yield* RunLog.make(
      { run: "a", attempt },
      { ...logger, log: (entry) => Effect.sync(() => void entries.push(entry)) },
      []
    )
    return { entries, log }
  })
const stamp = { run: "a", attempt: 1, step: 3, epoch: 0.75 }

describe("entries", () => {
  it.effect("have the run, the attempt, the step and the epoch", () =>
    Effect.gen(function* () {
      const { entries, log } = yield* recording()
      yield* log.text(state(0), "half way")
      yield* log.config(state(0), { a: 1 })
      const figure = { _tag: "Lines", x: "x", y: "y", series: {} } as const
      yield* log.evaluation(state(1), "eval_a", {
        metrics: { eval_a_loss: 2 },
        clock: { eval_a_runtime: 1 },
        figures: { roc: figure }
      })
      expect(entries).toEqual([
        { _tag: "Text", ...stamp, text: "half way" },
        { _tag: "Config", ...stamp, config: { a: 1 } },
        { _tag: "Scalars", ...stamp, kind: "eval", set: "eval_a", values: { eval_a_loss: 2 }, clock: { eval_a_runtime: 1 } },
        { _tag: "Figure", ...stamp, name: "roc", figure }
      ])
    })
  )

  it.effect("of the configuration have the length of the log from the second attempt on", () =>
    Effect.gen(function* () {
      const { entries, log } = yield* recording(2)
      yield* log.config(state(5), {})
      expect(entries).toEqual([{ _tag: "Config", ...stamp, attempt: 2, config: {}, historyLength: 5 }])
    })
  )

  it.effect("of training have their speed where tokens are counted, and no set", () =>
    Effect.gen(function* () {
      const { entries, log } = yield* recording()
      yield* TestClock.adjust("2 seconds")
      yield* Effect.flatten(log.train(state(1), { loss: 1 }, 10))
      yield* Effect.flatten(log.train(state(2), { loss: 0.5 }, undefined))
      const train = { _tag: "Scalars", ...stamp, kind: "train" }
      expect(entries).toEqual([
        { ...train, values: { loss: 1 }, clock: { train_runtime: 2, train_tokens_per_second: 5 } },
        { ...train, values: { loss: 0.5 }, clock: {} }
      ])
      expect(Object.keys(entries[1]!)).not.toContain("set")
    })
  )

  it.effect("of the summary have runtime, speeds and what was measured, and end with the curve of finite losses", () =>
    Effect.gen(function* () {
      const { entries, log } = yield* recording()
      yield* Effect.flatten(log.train(state(1), { loss: 1 }, undefined))
      yield* Effect.flatten(log.train(state(2), { loss: Number.NaN }, undefined))
      yield* log.evaluation(state(3), "eval", result(2))
      yield* log.evaluation(state(4), "eval", result(4))
      yield* log.evaluation(state(5), "other", { metrics: {}, clock: {}, figures: {} })
      yield* TestClock.adjust("2 seconds")
      const values = yield* log.summary(state(6), { train_loss: 3 }, { steps: 3 }, { memory: 7 })
      const clock = { train_runtime: 2, train_steps_per_second: 1.5, memory: 7 }
      expect(values).toEqual({ ...clock, train_loss: 3 })
      const lines = {
        train_loss: [[3, 1]],
        eval_loss: [
          [3, 2],
          [3, 4]
        ]
      }
      expect(entries.slice(5)).toEqual([
        { _tag: "Scalars", ...stamp, kind: "summary", values: { train_loss: 3 }, clock },
        { _tag: "Figure", ...stamp, name: "loss", figure: { _tag: "Lines", x: "step", y: "loss (nats)", series: lines } }
      ])
      expect(log.history().length).toBe(6)
      const { encodedHistory, history } = log.encoded(state(2))
      expect(history).toEqual(log.history().slice(0, 2))
      expect(encodedHistory.map(({ checkpointJson }) => checkpointJson)).toHaveLength(2)
      expect(encodedHistory[0]!.checkpointJson).toContain('"loss"')
    })
  )

  it.effect("of a run that logged no loss have no curve", () =>
    Effect.gen(function* () {
      const { entries, log } = yield* recording()
      yield* log.summary(state(1), {}, {}, {})
      expect(entries.map(({ _tag }) => _tag)).toEqual(["Scalars"])
    })
  )
})
