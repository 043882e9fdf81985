import { expect, it } from "vitest"
import * as CommonSubsequence from "../../../src/Metrics/CommonSubsequence.ts"

it("takes the one that rouge-score takes where several are longest", () => {
  expect(CommonSubsequence.indices(["a", "b"], ["b", "a"])).toEqual([0])
})
