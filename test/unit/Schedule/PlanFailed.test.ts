import { expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import { guarded } from "../../../src/Schedule/PlanFailed.ts"
import { initial } from "../../../src/TrainerState.ts"

const horizon = Horizon.make({ maxSteps: 4, batchesPerEpoch: 2 })
const plan = Plan.make({ horizon, learningRate: LearningRate.constant({ peak: 1 }) })

it("refuses a decision that is no boolean, by the name of its part", () => {
  for (const decision of [undefined, 1, "yes"]) {
    const { save } = guarded({ ...plan, save: () => decision as unknown as boolean })
    expect(() => save(initial, initial, horizon)).toThrow(
      `The plan's save failed at step 0: it returned ${decision}; expected true or false`
    )
  }
})

it("names the part once, however often a plan is guarded", () => {
  const { save } = guarded(guarded(guarded({ ...plan, save: () => JSON.parse("{") as boolean })))
  expect(() => save(initial, initial, horizon)).toThrow(/^The plan's save failed at step 0: (?!.*The plan's)/)
})

it.each([
  [-1, "-1"],
  [Number.NaN, "NaN"],
  [Infinity, "Infinity"],
  [undefined, "undefined"],
  ["0.1", 'the string "0.1"']
])("refuses %j as a learning rate, with the update that it is for", (rate, text) => {
  const { learningRate } = guarded({ ...plan, learningRate: () => rate as number })
  expect(() => learningRate({ ...initial, step: 3 }, horizon)).toThrow(
    `The plan's learningRate failed at step 3: the learning rate for update 4 is ${text}; expected a number of at least 0.`
  )
})

it("passes a learning rate of 0 or more on", () => {
  for (const rate of [0, 0.1]) expect(guarded({ ...plan, learningRate: () => rate }).learningRate(initial, horizon)).toBe(rate)
})

it("reports what a function of the plan throws as the reason", () => {
  const broken = (): never => {
    throw new Error("no such key")
  }
  const parts = guarded({
    ...plan,
    learningRate: broken,
    log: broken,
    evaluate: broken,
    save: broken,
    stop: broken,
    best: broken,
    retention: broken
  })
  const state = { ...initial, step: 2 }
  const failsAs = (part: string, call: () => unknown) =>
    expect(call).toThrow(`The plan's ${part} failed at step 2: no such key. Correct it and resume`)
  failsAs("learningRate", () => parts.learningRate(state, horizon))
  failsAs("log", () => parts.log(initial, state, horizon))
  failsAs("evaluate", () => parts.evaluate(initial, state, horizon))
  failsAs("save", () => parts.save(initial, state, horizon))
  failsAs("stop", () => parts.stop(state, horizon))
  failsAs("best", () => parts.best(state, horizon))
  failsAs("retention", () => parts.retention(state, true))
})
