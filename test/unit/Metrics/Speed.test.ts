import { expect, it } from "vitest"
import * as Speed from "../../../src/Metrics/Speed.ts"

it("names and rounds as the Trainer does", () => {
  expect(Speed.measure("eval", 0.00554321, { samples: 7, steps: 2 })).toEqual({
    eval_runtime: 0.0055,
    eval_samples_per_second: 1262.806,
    eval_steps_per_second: 360.802
  })
  expect(Object.keys(Speed.measure("train", 1, { samples: 1, steps: 1, tokens: 1 }))).toEqual([
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "train_tokens_per_second"
  ])
  expect(Speed.measure("train", 16, { tokens: 1 })).toEqual({ train_runtime: 16, train_tokens_per_second: 0.062 })
})

it("has no speed for a runtime of 0", () => {
  expect(Speed.measure("test", 0, { samples: 7, steps: 2 })).toEqual({ test_runtime: 0 })
})
