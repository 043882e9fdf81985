import { expect, it } from "vitest"
import * as CommonSubsequence from "../../../src/Metrics/CommonSubsequence.ts"

it("of several longest ones takes the same as rouge-score", () => {
  expect(CommonSubsequence.indices(["a", "b"], ["b", "a"])).toEqual([0])
})
