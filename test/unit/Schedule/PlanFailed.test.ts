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
