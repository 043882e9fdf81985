/** What the dry run refuses before step 0, and what it lets through. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Options } from "../../../src/Driver/RunOptions.ts"
import type { TrainingTask } from "../../../src/Driver/TrainingTask.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as Tiny from "../../support/tiny.ts"

const horizon = Horizon.make({ maxSteps: 1, batchesPerEpoch: 6 })
const plan = (given: Partial<Plan.Plan> = {}): Plan.Plan => ({
  ...Plan.make({ horizon, learningRate: () => 0.05, log: Trigger.never, evaluate: Trigger.never, save: Trigger.never }),
  ...given
})
const outcome = (task: TrainingTask, of: Plan.Plan, options: Options = {}) =>
  Trainer.train(task, of, options).pipe(
    Effect.match({ onSuccess: ({ state }) => state.step, onFailure: (error) => `${error._tag}: ${error.message}` }),
    Effect.provide(Tiny.layers(), { local: true })
  )

it.effect("requires a number of updates and a whole number of micro-batches", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const updates = (maxSteps: number) => outcome(task, plan({ horizon: { ...horizon, maxSteps } }))
    for (const wrong of [Number.NaN, -1]) expect(yield* updates(wrong)).toContain(`InvalidTask: The plan's maxSteps is ${wrong};`)
    expect([yield* updates(0), yield* updates(2)]).toEqual([0, 2])
    const accumulate = (accumulation: number) => outcome(task, plan({ horizon: { ...horizon, accumulation } }))
    for (const wrong of [0, -1, 1.5, Number.NaN])
      expect(yield* accumulate(wrong)).toContain(`InvalidTask: The plan accumulates ${wrong} micro-batches;`)
    expect(yield* accumulate(2)).toBe(1)
  })
)

it.effect("reads no training batch where no update is left, and one otherwise", () =>
  Effect.gen(function* () {
    for (const [maxSteps, batches] of [
      [0, []],
      [1, ["train:0.0", "train:0.0"]]
    ] as const) {
      const asked: Tiny.Asked = { batches: [] }
      yield* outcome(yield* Tiny.task({ asked }), plan({ horizon: { ...horizon, maxSteps } }))
      expect(asked.batches).toEqual(batches)
    }
  })
)

it.effect("requires the main input in the batch if its tokens are counted", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    for (const options of [{ inputTokens: "all" }, { tokensPerSecond: true }] as const) {
      const refused = yield* outcome(task, plan(), options)
      expect(refused).toContain("InvalidTask: Input tokens are to be counted, and the batch has no input_ids (it has x, labels).")
      expect(yield* outcome({ ...task, model: { ...task.model, mainInput: "x" } }, plan(), options)).toBe(1)
    }
    expect(yield* outcome(task, plan(), { tokensPerSecond: false })).toBe(1)
  })
)

it.effect("requires the plan's evaluation sets, with metrics, among them those that it decides by", () =>
  Effect.gen(function* () {
    const two = yield* Tiny.task({ sets: ["eval", "eval_other"] })
    const none = yield* Tiny.task({ sets: [] })
    expect(yield* outcome(two, plan({ sets: ["eval", "test"] }))).toContain(
      '"test", which is no evaluation set of the task (there: eval, eval_other)'
    )
    expect(yield* outcome(none, plan({ sets: ["eval"] }))).toContain("(there: none)")
    const { eval: loader } = two.evaluation
    const empty = { ...two, evaluation: { eval: { ...loader!, batch: () => Effect.undefined } } }
    expect(yield* outcome(empty, plan({ sets: ["eval"] }))).toContain('InvalidTask: Evaluation set "eval" gives no metric')
    expect(yield* outcome(two, plan({ sets: ["eval", "eval_other"], watches: ["eval_f1"] }))).toContain(
      'by the metric "eval_f1", which no evaluation gives. There are: eval_loss, eval_other_loss.'
    )
    expect(yield* outcome(two, plan({ sets: ["eval"], watches: ["eval_loss"] }))).toBe(1)
    expect(yield* outcome(none, plan({ watches: ["eval_loss"] }))).toBe(1) // no evaluation, so nothing decides
  })
)
